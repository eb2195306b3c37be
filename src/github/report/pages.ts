import { createHash } from 'node:crypto';
import { pluralize } from '../../core/application/phrases.js';
import type { Conclusion } from '../../core/result/vocabulary.js';
import type { Inputs } from '../../inputs/types.js';
import { clip, code, link, oneLine } from '../../report/escape.js';
import type { Report } from '../../report/report.js';
import { summaryOf } from '../../report/summary.js';
import { titleOf } from '../../report/words.js';

/** What GitHub takes, in bytes: it counts those, though its pages say characters. */
const CHECK_BYTES = 65_535;
const COMMENT_BYTES = 65_535;
const NAME_UNITS = 100;
const TITLE_UNITS = 200;

/** What tells the reports of one step from those of another, over all runs of a workflow. */
type Identity = Pick<
  Inputs,
  'applications' | 'applicationSets' | 'selector' | 'applicationNamespace' | 'argocdServer'
> & {
  readonly access: Pick<Inputs['access'], 'server' | 'context'>;
  readonly run: Pick<Inputs['run'], 'workflowRef' | 'runUrl'>;
};

/** What GitHub calls them. */
const CONCLUSIONS: Readonly<Record<Conclusion, string>> = {
  success: 'success',
  failure: 'failure',
  timeout: 'timed_out',
  cancelled: 'cancelled',
  skipped: 'skipped',
};

/** The body of a request for a check run. */
export function checkRunOf(report: Report, commit: string, of: Identity): object {
  const { runUrl } = of.run;
  return {
    name: clip(`Argo CD: ${nameOf(of) || 'all'}`, NAME_UNITS),
    head_sha: commit,
    status: 'completed',
    conclusion: CONCLUSIONS[report.conclusion],
    external_id: digestOf(of),
    ...(runUrl === '' ? {} : { details_url: runUrl }),
    output: { title: titleIn(report), summary: pageOf(report, '', CHECK_BYTES, runUrl) },
  };
}

/** The Markdown of a comment, which starts with its marker. */
export function commentOf(report: Report, of: Identity): string {
  return pageOf(report, `${markerOf(of)}\n`, COMMENT_BYTES, of.run.runUrl);
}

/** Not shown by GitHub: finds the comment again. */
export function markerOf(of: Identity): string {
  return `<!-- argocd-post-sync ${digestOf(of)} -->`;
}

/** A digest, as what it is made of may end the marker. The ref of a run is not part of it. */
function digestOf({ run, access, argocdServer, ...of }: Identity): string {
  const workflow = run.workflowRef.split('@')[0];
  const which = [of.applications, of.applicationSets, of.selector, of.applicationNamespace];
  const text = JSON.stringify([workflow, which, access.server, access.context, argocdServer]);
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}

function nameOf({ applications, applicationSets, selector }: Identity): string {
  const all = [...applications, ...applicationSets, ...(selector === '' ? [] : [selector])];
  return oneLine(all.join(', '));
}

function titleIn(report: Report): string {
  const [first, ...more] = report.applications;
  const subject = more.length > 0 ? pluralize(more.length + 1, 'Application') : first?.application;
  return clip(oneLine(`${subject ?? 'Argo CD'}: ${titleOf(report)}`), TITLE_UNITS);
}

/** The job summary without its timeline, which is no diagram everywhere. */
function pageOf(report: Report, head: string, limit: number, runUrl: string): string {
  const applications = report.applications.map(({ timeline: _left, ...rest }) => rest);
  const foot = runUrl === '' ? '' : `\n${link('The run', runUrl)}\n`;
  const room = limit - Buffer.byteLength(head + foot);
  const summary = summaryOf({ ...report, applications }, room);
  // What no row can be cut from may still be too long: the run has all.
  const fits = Buffer.byteLength(summary) <= room;
  return `${head}${fits ? summary : code(titleIn(report))}${foot}`;
}
