// Copies what the compiler does not: the Python that runs on the machine, beside the JavaScript that sends it, and the list of
// Go modules of which the engine is built.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);
fs.cpSync(path.join(root, 'src/tpumlir/remote'), path.join(root, 'dist/src/tpumlir/remote'), {
  recursive: true,
  filter: (source) => !/__pycache__|_cache$|\.pyc$/.test(source),
});
fs.cpSync(path.join(root, 'src/engine/modules'), path.join(root, 'dist/src/engine/modules'), { recursive: true });
