const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

// Files that take a minute and more, the longest first: one that began last would have the computer's cores to itself at the end.
// Those that wait most of the time stand before those that compute, so that somebody computes while they wait.
// Jest itself knows this only from the second run on; the first one of a new clone goes by the files' sizes.
// These are beginnings of names: `cloud-` stands for every cloud's own story.
const longest = [
  'faults',
  'docker',
  'cloud-failover',
  'address',
  'budget',
  'package',
  'pipeline',
  'convert',
  'cloud-',
  'own-host',
  'watchdog',
  'bad-input-clouds',
  'aws-moto',
  'bad-input',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path: file }) => {
      const place = longest.findIndex((name) => path.basename(file).startsWith(name));
      return place === -1 ? longest.length : place;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
};
