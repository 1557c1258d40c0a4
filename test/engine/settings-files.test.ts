import * as fs from 'node:fs';
import * as path from 'node:path';
import { mendSettings } from '../../src/engine/settings-files';
import { useScratch } from '../_helpers/scratch';

describe('settings of the engine', () => {
  const scratch = useScratch();

  test('what is empty or cut goes, what is whole stays', () => {
    const folder = path.join(scratch(), 'pulumi/workspaces');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'empty.json'), '');
    fs.writeFileSync(path.join(folder, 'cut.json'), '{"stack":"cv');
    fs.writeFileSync(path.join(folder, 'whole.json'), '{"stack":"cv-1"}');
    mendSettings(scratch());
    expect(fs.readdirSync(folder)).toEqual(['whole.json']);
  });

  test('a home without an engine is fine', () => mendSettings(scratch()));
});
