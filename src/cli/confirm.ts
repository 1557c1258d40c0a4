import * as readline from 'node:readline/promises';
import type { Output } from './output';

/** Asks on the terminal; the answer is no where nobody can be asked. */
export async function confirm(output: Output, question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || output.json || output.quiet) return false;
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
