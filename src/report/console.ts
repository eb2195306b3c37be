import type { Log } from '../platform/log.js';
import { clip, commandData, logLines } from './escape.js';

/** A log that can also keep secrets out of itself. */
export interface Console extends Log {
  /** The runner shows `***` in its place from here on. */
  mask(secret: string): void;
}

/** The runner cuts annotations there without saying so. */
const ANNOTATION_UNITS = 4_000;
/** Shorter secrets would blot out half of the log. */
const MASKED_UNITS = 4;

/**
 * Speaks GitHub's workflow commands.
 * @param write takes one line, without its end
 */
export function githubConsole(write: (line: string) => void): Console {
  const command = (name: string, text = '') => write(`::${name}::${commandData(text)}`);
  const annotate = (level: string) => (message: string) => {
    command(level, clip(message, ANNOTATION_UNITS));
  };
  const info = (text: string) => logLines(text).forEach(write);
  return {
    info,
    debug: (line) => command('debug', line),
    notice: annotate('notice'),
    warning: annotate('warning'),
    error: annotate('error'),
    group(title, lines) {
      command('group', title);
      lines.forEach(info);
      command('endgroup');
    },
    mask(secret) {
      if (secret.trim().length >= MASKED_UNITS) write(`::add-mask::${verbatim(secret)}`);
    },
  };
}

/** Unlike other text a secret must reach the runner unchanged. */
function verbatim(secret: string): string {
  return secret.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}
