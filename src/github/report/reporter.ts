import { type Application, keyOf } from '../../core/application/types.js';
import type { Target } from '../../core/decision/target.js';
import { withDeadline } from '../../http/deadline.js';
import type { Inputs, ReportKind } from '../../inputs/types.js';
import { unlessAborted } from '../../platform/abort.js';
import { TransientError } from '../../platform/errors.js';
import type { Log } from '../../platform/log.js';
import type { Report } from '../../report/report.js';
import { nameOf } from '../../wait/selection.js';
import type { GithubRestOptions } from '../rest.js';
import { GithubRefusal, type GithubRest, githubRest, repositoryPath, whyNot } from '../rest.js';
import { writeComment } from './comment.js';
import { Deployments } from './deployments.js';
import { checkRunOf, commentOf, markerOf } from './pages.js';
import { awaitedCommit, commitOf, deploymentRecords } from './records.js';

/** What the input `report` asks for, written to GitHub. Never rejects: what goes wrong is warned of. */
export interface GithubReport {
  /** A wait for that target has begun: its Deployment is in progress. Returns at once. */
  waiting(application: Application, target: Target): void;
  /** Writes how the run ended, in some seconds at most. */
  finish(report: Report): Promise<void>;
}

/** The end of a run is held up no longer. */
const BUDGET_MS = 10_000;
/** A cancelled run has a second in all. */
const CANCELLED_MS = 500;
/** GitHub takes 80 requests a minute that write, and a Deployment is three. */
const MOST_DEPLOYMENTS = 20;

const RIGHTS: Readonly<Record<ReportKind, string>> = {
  deployment: 'deployments: write',
  check: 'checks: write',
  comment: 'pull-requests: write',
};
const NAMES: Readonly<Record<ReportKind, string>> = {
  deployment: 'Deployment',
  check: 'check run',
  comment: 'comment',
};

export type GithubReportOptions = Omit<GithubRestOptions, 'token' | 'apiUrl'> & {
  readonly log: Log;
  /** Aborted when GitHub cancels the run. */
  readonly cancelled: AbortSignal;
};

/** @returns undefined where nothing was asked for, or nothing can be written: a warning says so */
export function githubReport(
  inputs: Inputs,
  options: GithubReportOptions,
): GithubReport | undefined {
  const { githubToken: token, run, report } = inputs;
  if (report.length === 0) return undefined;
  if (token === '' || run.repository === '') {
    const missing = token === '' ? 'github-token is empty' : 'GITHUB_REPOSITORY is not set';
    options.log.warning(`report: writing nothing to GitHub, because ${missing}.`);
    return undefined;
  }
  const rest = githubRest({ ...options, token, apiUrl: run.apiUrl });
  return new Reporter(inputs, options, rest);
}

class Reporter implements GithubReport {
  readonly #inputs: Inputs;
  readonly #options: GithubReportOptions;
  readonly #rest: GithubRest;
  readonly #deployments: Deployments;
  /** Names of the Applications whose Deployment was begun, or was to be. */
  readonly #begun = new Set<string>();
  /** One after the other: GitHub refuses what writes at a time. */
  #beginning: Promise<void> = Promise.resolve();
  #refusal: GithubRefusal | undefined;

  constructor(inputs: Inputs, options: GithubReportOptions, rest: GithubRest) {
    const { repository, runUrl } = inputs.run;
    this.#inputs = inputs;
    this.#options = options;
    this.#rest = rest;
    this.#deployments = new Deployments(rest, repository, runUrl);
  }

  waiting(application: Application, target: Target): void {
    const name = nameOf(keyOf(application), this.#inputs.applicationNamespace);
    const commit = awaitedCommit(application, target, this.#inputs);
    if (!this.#inputs.report.includes('deployment') || commit === '') return;
    if (this.#begun.has(name) || this.#begun.size >= MOST_DEPLOYMENTS) return;
    this.#begun.add(name);
    this.#beginning = this.#beginning.then(() => this.#begin(name, commit));
  }

  async finish(report: Report): Promise<void> {
    const { cancelled } = this.#options;
    // What was skipped is not about the commit: an event of another Application, a dry run.
    if (!cancelled.aborted && report.conclusion !== 'skipped') {
      await Promise.all(this.#inputs.report.map((kind) => this.#attempt(kind, report)));
    }
    await this.#abandon();
    this.#rest.close();
  }

  async #begin(name: string, commit: string): Promise<void> {
    const { cancelled, log } = this.#options;
    if (this.#refusal || cancelled.aborted) return;
    try {
      await this.#deployments.begin(name, commit, cancelled);
    } catch (thrown) {
      // The end tries again, and tells what is wrong.
      if (thrown instanceof GithubRefusal) this.#refusal = thrown;
      log.debug(`The Deployment of ${name} was not begun: ${whyNot(thrown, RIGHTS.deployment)}`);
    }
  }

  async #attempt(kind: ReportKind, report: Report): Promise<void> {
    const { clock, cancelled, log } = this.#options;
    const late = () => new TransientError(`GitHub did not answer for ${BUDGET_MS / 1000} s.`);
    try {
      await withDeadline({ clock, ms: BUDGET_MS, late }, cancelled, (signal) =>
        this.#write(kind, report, signal),
      );
    } catch (thrown) {
      if (cancelled.aborted) return;
      log.warning(
        `report: the ${NAMES[kind]} could not be written to GitHub: ${whyNot(thrown, RIGHTS[kind])}`,
      );
    }
  }

  async #write(kind: ReportKind, report: Report, signal: AbortSignal): Promise<void> {
    if (kind === 'deployment') return this.#writeDeployments(report, signal);
    const commit = commitOf(report, this.#inputs);
    if (commit === '') return this.#noCommit(kind);
    if (kind === 'comment') return this.#writeComment(report, commit, signal);
    const path = `${repositoryPath(this.#inputs.run.repository)}/check-runs`;
    await this.#rest.create(path, checkRunOf(report, commit, this.#inputs), signal);
  }

  async #writeDeployments(report: Report, signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#beginning, signal);
    const records = deploymentRecords(report, this.#inputs);
    const all = records.slice(0, MOST_DEPLOYMENTS);
    if (records.length > all.length) {
      this.#options.log.warning(
        `report: writing a Deployment for only the first ${all.length} of ${records.length} Applications, to stay within GitHub's rate limit for writes.`,
      );
    }
    if (records.length === 0) this.#noCommit('deployment');
    for (const each of all) await this.#deployments.end(each, signal);
  }

  async #writeComment(report: Report, commit: string, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const { repository } = this.#inputs.run;
    const texts = { marker: markerOf(this.#inputs), body: commentOf(report, this.#inputs) };
    const pull = await writeComment(this.#rest, { repository, commit, ...texts }, signal);
    log.info(
      pull === undefined
        ? `report: wrote no comment, because no pull request of ${repository} contains commit ${commit}.`
        : `report: commented on pull request ${pull}.`,
    );
  }

  #noCommit(kind: ReportKind): void {
    this.#options.log.info(
      `report: wrote no ${NAMES[kind]}, because this run is not about a known commit of ${this.#inputs.run.repository}.`,
    );
  }

  /** A Deployment in progress that nobody ends would stay so forever. */
  async #abandon(): Promise<void> {
    const { clock } = this.#options;
    const late = () => new TransientError('too late');
    const { signal } = new AbortController();
    const words = this.#options.cancelled.aborted
      ? 'The run was cancelled'
      : 'How it ended could not be written';
    const work = (life: AbortSignal) => this.#deployments.abandon(words, life);
    await withDeadline({ clock, ms: CANCELLED_MS, late }, signal, work).catch(() => undefined);
  }
}
