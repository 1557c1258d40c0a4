import * as fs from 'node:fs';
import * as path from 'node:path';
import { deliver, deliverFile } from '../../src/job/deliver';
import { JobFolder } from '../../src/job/folder';
import { checkOutputs, companionPath, logPath, outputPaths, writeNew, writeWhole } from '../../src/job/outputs';
import { keptFile } from '../../src/job/pipeline';
import type { Prepared } from '../../src/job/prepare';
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

  test.each(['.', 'below/it'])('a link that leads nowhere in place of the folder is refused: %s', (below) => {
    fs.symlinkSync(path.join(scratch(), 'gone'), path.join(scratch(), 'out'));
    const paths = outputPaths(path.join(scratch(), 'out', below), 'm', 'int8');
    expect(() => checkOutputs(paths, [], true)).toThrow(
      matching({ code: 'output-unwritable', why: 'it is a link that leads nowhere' }),
    );
  });

  test('a link that leads nowhere in place of a result is not replaced', () => {
    const paths = outputPaths(scratch(), 'm', 'int8');
    fs.symlinkSync(path.join(scratch(), 'gone'), paths.model);
    expect(() => checkOutputs(paths, [], false)).toThrow(matching({ code: 'output-exists' }));
  });

  test('a name that is taken meanwhile stays with its file; the same content again is no matter', () => {
    const file = path.join(scratch(), 'm');
    expect(writeNew(file, 'one')).toBe(true);
    expect(writeNew(file, 'one')).toBe(true);
    expect(writeNew(file, 'two')).toBe(false);
    expect(fs.readFileSync(file, 'utf8')).toBe('one');
    fs.symlinkSync('gone', path.join(scratch(), 'link'));
    expect(writeNew(path.join(scratch(), 'link'), 'x')).toBe(false);
    expect(fs.readdirSync(scratch()).sort()).toEqual(['link', 'm']);
  });

  test('a result whose name was taken while the job ran is kept, and its place told; --force replaces', () => {
    const folder = JobFolder.create(path.join(scratch(), 'home'), 'cv-20261128-112830-7f3a9c');
    const file = path.join(scratch(), 'out/m.cvimodel');
    const put = (force: boolean): void =>
      deliverFile(folder, { request: { wish: { force } } } as Prepared, file, 'a model');
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, 'mine');
    const kept = path.join(folder.kept, 'undelivered/m.cvimodel');
    expect(() => put(false)).toThrow(
      matching({ code: 'output-exists', exit: 'conversion', fix: `take it from ${kept}` }),
    );
    expect([fs.readFileSync(file, 'utf8'), fs.readFileSync(kept, 'utf8')]).toEqual(['mine', 'a model']);
    put(true);
    expect(fs.readFileSync(file, 'utf8')).toBe('a model');
  });

  test('a finished model whose folder takes nothing any more is not lost: it is said where it is', () => {
    const folder = JobFolder.create(path.join(scratch(), 'home'), 'cv-20261128-112830-7f3a9c');
    const kept = keptFile(folder, 'm.cvimodel');
    fs.mkdirSync(path.dirname(kept), { recursive: true });
    fs.writeFileSync(kept, 'a model');
    fs.writeFileSync(path.join(scratch(), 'out'), 'no folder any more');
    const job = {
      outputs: outputPaths(path.join(scratch(), 'out'), 'm', 'int8'),
      request: { wish: { force: true } },
    } as Prepared;
    expect(() => deliver(folder, job, 'm.cvimodel')).toThrow(
      matching({ code: 'not-delivered', exit: 'conversion', fix: `The finished model is in ${kept}.` }),
    );
    expect(fs.readFileSync(kept, 'utf8')).toBe('a model');
  });

  test('a failed write leaves nothing', () => {
    fs.mkdirSync(path.join(scratch(), 'taken'));
    expect(() => writeWhole(path.join(scratch(), 'taken'), 'x')).toThrow();
    expect(fs.readdirSync(scratch())).toEqual(['taken']);
  });
});
