import * as fs from 'node:fs';

/** What a job left in the folder where machines keep job folders. */
export function jobsFolders(job: string): string[] {
  return fs.readdirSync('/var/tmp').filter((name) => name.includes(job));
}
