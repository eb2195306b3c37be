import type { Log } from '../../src/platform/log.js';

/** A log that keeps what it is told: `level: line`. */
export interface RecordingLog extends Log {
  readonly lines: string[];
  /** Those of one level, without its name. */
  of(level: 'info' | 'debug' | 'notice' | 'warning' | 'error'): readonly string[];
}

export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const add = (level: string) => (line: string) => {
    lines.push(`${level}: ${line}`);
  };
  return {
    lines,
    of: (level) =>
      lines.flatMap((line) =>
        line.startsWith(`${level}: `) ? [line.slice(level.length + 2)] : [],
      ),
    info: add('info'),
    debug: add('debug'),
    notice: add('notice'),
    warning: add('warning'),
    error: add('error'),
    group: add('group'),
  };
}
