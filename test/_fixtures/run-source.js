// `node run-source.js file.ts args…` runs a TypeScript source in a process of its own, as jest runs it in its own.
'use strict';
const fs = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(fs.readFileSync(filename, 'utf8'), {
    filename,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  module._compile(code, filename);
};
process.argv.splice(1, 1);
require(require('node:path').resolve(process.argv[1]));
