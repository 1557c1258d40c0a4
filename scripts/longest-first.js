const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

// Files that take minutes, the longest first: one that began last would have the computer's cores to itself at the end.
// Those that wait most of the time begin early too, beside those that compute.
// Jest itself knows this only from the second run on; the first one of a new clone goes by the files' sizes.
const longest = [
  'convert-cloud',
  'faults',
  'cloud-failover',
  'docker',
  'convert',
  'pipeline',
  'package',
  'secrets',
].map((name) => `${name}.test.ts`);

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path: file }) => {
      const place = longest.indexOf(path.basename(file));
      return place === -1 ? longest.length : place;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
};
