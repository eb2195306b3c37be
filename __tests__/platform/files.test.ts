import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readOthersFile } from '../../src/platform/files.js';

let directory = '';
const at = (name: string) => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'files-'));
  mkdirSync(at('work'));
  writeFileSync(at('work/file'), 'text');
  writeFileSync(at('outside'), 'secret');
  symlinkSync(at('work/file'), at('link'));
  symlinkSync(at('outside'), at('work/way-out'));
  symlinkSync('/dev/zero', at('work/device'));
  // Opening it for reading waits for a writer, and there is none.
  execFileSync('mkfifo', [at('work/pipe')]);
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a file of others'", () => {
  test.each(['work/file', 'link'])('%s is read', (name) => {
    expect(readOthersFile(at(name))).toBe('text');
  });

  test('within a directory', () => {
    expect(readOthersFile(at('link'), at('work'))).toBe('text');
    expect(() => readOthersFile(at('work/way-out'), at('work'))).toThrow(/outside of/);
  });

  test.each([
    ['work/pipe', /not a regular file/],
    ['work/device', /not a regular file/],
    ['work', /not a regular file/],
    ['nothing', /ENOENT/],
  ])('%s is refused', (name, why) => {
    expect(() => readOthersFile(at(name))).toThrow(why);
  });

  test('a system call that fails leaves its code', () => {
    expect(() => readOthersFile(at('nothing'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});
