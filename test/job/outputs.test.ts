import * as fs from 'node:fs';
import * as path from 'node:path';
import { checkOutputs, companionPath, logPath, outputPaths, writeWhole } from '../../src/job/outputs';
import { matching } from '../_helpers/matching';
import { useScratch } from '../_helpers/scratch';

describe('outputs', () => {
  const scratch = useScratch();

  test('a fresh folder is fine and is not made', () => {
    checkOutputs(outputPaths(path.join(scratch(), 'a/b'), 'm', 'int8'), [], false);
    expect(fs.readdirSync(scratch())).toEqual([]);
  });

  test.each([
    ...['m_cv181x_int8.cvimodel', 'receipt.json', 'receipt.html', 'commands.sh'],
    ...['m_cv181x_int8.json', 'logs/deploy.log'],
  ])('%s is not overwritten', (name) => {
    fs.mkdirSync(path.join(scratch(), 'logs'));
    fs.writeFileSync(path.join(scratch(), 'logs/of-mine.log'), 'in the way of nothing');
    const paths = outputPaths(scratch(), 'm', 'int8');
    const besides = [companionPath(paths, 'm_cv181x_int8.json'), logPath(paths, 'deploy')];
    checkOutputs(paths, besides, false);
    fs.writeFileSync(path.join(scratch(), name), 'mine');
    expect(() => checkOutputs(paths, besides, false)).toThrow(matching({ code: 'output-exists', exit: 'input' }));
    checkOutputs(paths, besides, true);
    expect(fs.readFileSync(path.join(scratch(), name), 'utf8')).toBe('mine');
  });

  test('a file in place of the folder of logs is refused', () => {
    fs.writeFileSync(path.join(scratch(), 'logs'), '');
    expect(() => checkOutputs(outputPaths(scratch(), 'm', 'int8'), [], true)).toThrow(
      matching({ code: 'output-unwritable' }),
    );
  });

  test.each(['out', 'out/below/it'])('a file in place of the folder is refused: %s', (folder) => {
    fs.writeFileSync(path.join(scratch(), 'out'), '');
    expect(() => checkOutputs(outputPaths(path.join(scratch(), folder), 'm', 'int8'), [], true)).toThrow(
      matching({ code: 'output-unwritable' }),
    );
  });

  test('a folder where nothing can be written is refused', () => {
    expect(() => checkOutputs(outputPaths('/proc/out', 'm', 'int8'), [], true)).toThrow(
      matching({ code: 'output-unwritable' }),
    );
  });

  test('a failed write leaves nothing', () => {
    fs.mkdirSync(path.join(scratch(), 'taken'));
    expect(() => writeWhole(path.join(scratch(), 'taken'), 'x')).toThrow();
    expect(fs.readdirSync(scratch())).toEqual(['taken']);
  });
});
