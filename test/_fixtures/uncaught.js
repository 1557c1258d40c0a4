// Loaded into every node process of a cell: in a conversion's own process an error is thrown that nobody catches, once a
// file is there (which is renamed by that).
'use strict';
const fs = require('node:fs');
const file = process.env.CVICAST_TEST_UNCAUGHT;

if (file !== undefined && process.argv[2] === 'convert') {
  const timer = setInterval(() => {
    if (!fs.existsSync(file)) return;
    clearInterval(timer);
    fs.renameSync(file, `${file}.thrown`);
    throw new Error('thrown where nobody catches it');
  }, 50).unref();
}
