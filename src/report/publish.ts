import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { type Outputs, outputsOf, resultsOf } from './outputs.js';
import { problemsOf, type Report, succeeded } from './report.js';
import { SUMMARY_BYTES, summaryOf } from './summary.js';
import { firstTexts, NO_TEXTS, type Texts, textsOf } from './texts.js';

/** Where a report goes. */
export interface Destinations {
  /** Directory for the results file. */
  readonly tempDir: string;
  /** `GITHUB_STEP_SUMMARY`; empty: no summary. */
  readonly summaryFile: string;
  /** Sets the outputs of the step; absent where no runner takes them. */
  readonly setOutputs?: (values: Outputs['values']) => void | Promise<void>;
  readonly files: Files;
}

/** The little that is asked of a file system; rejects where it cannot. */
export interface Files {
  /** Writes a new file that only its owner can read. */
  create(path: string, pieces: Iterable<string>): Promise<void>;
  append(path: string, text: string): Promise<void>;
  /** Bytes; 0 where there is no such file. */
  size(path: string): Promise<number>;
}

/** GitHub shows so many error annotations of a step. */
const ANNOTATIONS = 10;

/**
 * Writes results file, outputs and summary, then the annotations of a run that did not succeed.
 * What cannot be written is said in an annotation and keeps nothing else from being written.
 * @returns whether all was written
 */
export async function publish(report: Report, to: Destinations, log: Log): Promise<boolean> {
  const faults: string[] = [];
  const attempt = async (what: string, write: () => Promise<void>): Promise<boolean> => {
    try {
      await write();
      return true;
    } catch (thrown) {
      faults.push(`The ${what} could not be written: ${messageOf(thrown)}`);
      return false;
    }
  };
  const path = join(to.tempDir, `argocd-post-sync-${randomUUID()}.json`);
  const saved = await attempt('results file', () => to.files.create(path, resultsOf(report)));
  await attempt('outputs', () => writeOutputs(report, saved ? path : '', to, log));
  await attempt('job summary', () => writeSummary(report, to, log));
  for (const annotation of annotationsOf(report, faults)) log.error(annotation);
  return faults.length === 0;
}

async function writeOutputs(
  report: Report,
  resultsFile: string,
  { setOutputs }: Destinations,
  log: Log,
): Promise<void> {
  const { values, warnings } = outputsOf(report, resultsFile);
  for (const warning of warnings) log.warning(warning);
  if (!setOutputs) return log.debug('GITHUB_OUTPUT is not set: no outputs are written');
  await setOutputs(values);
}

async function writeSummary(report: Report, to: Destinations, log: Log): Promise<void> {
  if (to.summaryFile === '') return;
  // The limit is the file's: something may be in it already.
  const room = SUMMARY_BYTES - (await to.files.size(to.summaryFile));
  const summary = summaryOf(report, room);
  if (Buffer.byteLength(summary) <= room) return to.files.append(to.summaryFile, summary);
  log.warning('The job summary of this step is full: nothing was added to it');
}

/**
 * The error annotations: the message with its remedy, what could not be written, then what failed
 * or blocks. Ten at most, the last of more a count.
 */
export function annotationsOf(report: Report, faults: readonly string[] = []): readonly string[] {
  const { message, remedy } = report;
  if (succeeded(report)) return limited(faults, NO_TEXTS);
  const first = remedy === '' ? message : `${message}\n${remedy}`;
  return limited([first, ...faults, ...moreCauses(report)], failures(report));
}

function limited(first: readonly string[], then: Texts): readonly string[] {
  const count = first.length + then.count;
  const most = count <= ANNOTATIONS ? count : ANNOTATIONS - 1;
  const shown = [...first, ...firstTexts(then, most).all()].slice(0, most);
  if (shown.length === count) return shown;
  return [...shown, `… and ${count - shown.length} more: see the job summary`];
}

function failures(report: Report): Texts {
  const several = report.applications.length > 1;
  const problems = problemsOf(report).filter((each) => several || each.subject !== '');
  return textsOf(problems, ({ application, subject, message }) =>
    [...(several ? [application] : []), ...(subject === '' ? [] : [subject]), message].join(': '),
  );
}

/** But for the first one of the Application that the message is about: it is in the message. */
function moreCauses({ applications, conclusion }: Report): readonly string[] {
  const several = applications.length > 1;
  const told = applications.find((each) => each.conclusion === conclusion)?.causes[0];
  return applications
    .flatMap(({ causes }) => causes)
    .filter((each) => each !== told)
    .map(({ application, message }) => (several ? `${application}: ${message}` : message));
}
