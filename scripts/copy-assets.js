// Copies what the compiler does not: the Python that runs on the machine, beside the JavaScript that sends it.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);
fs.cpSync(path.join(root, 'src/tpumlir/remote'), path.join(root, 'dist/src/tpumlir/remote'), {
  recursive: true,
  filter: (source) => !/__pycache__|_cache$|\.pyc$/.test(source),
});
