import { record, text } from '../../http/json.js';
import { TransientError } from '../../platform/errors.js';
import { type GithubRest, repositoryPath } from '../rest.js';
import type { DeploymentRecord, DeploymentState } from './records.js';

/** A Deployment that this run made. */
export interface OwnDeployment {
  readonly id: string;
  readonly commit: string;
}

/** The Deployments of a run, by environment. */
export class Deployments {
  readonly #rest: GithubRest;
  readonly #path: string;
  readonly #logUrl: string;
  /** Those in progress. */
  readonly #open = new Map<string, OwnDeployment>();

  /** @param logUrl of the run; empty: not known */
  constructor(rest: GithubRest, repository: string, logUrl: string) {
    this.#rest = rest;
    this.#path = `${repositoryPath(repository)}/deployments`;
    this.#logUrl = logUrl;
  }

  /** Makes one that is in progress. @throws as GithubRest */
  async begin(environment: string, commit: string, signal: AbortSignal): Promise<void> {
    const made = await this.#create(environment, commit, signal);
    this.#open.set(environment, made);
    await this.#addStatus(made.id, { state: 'in_progress' }, signal);
  }

  /** Says how one ended. Another commit than the one begun was deployed in its place. */
  async end(ended: DeploymentRecord, signal: AbortSignal): Promise<void> {
    const { environment, commit, state, description, environmentUrl } = ended;
    const open = this.#open.get(environment);
    if (open && open.commit !== commit) {
      await this.#addStatus(open.id, { state: 'inactive' }, signal);
      this.#open.delete(environment);
    }
    const own = open?.commit === commit ? open : await this.#create(environment, commit, signal);
    this.#open.set(environment, own);
    const url = environmentUrl === '' ? {} : { environment_url: environmentUrl };
    await this.#addStatus(own.id, { state, description, ...url }, signal);
    this.#open.delete(environment);
  }

  /** Ends all that are in progress still: nobody else would. */
  async abandon(description: string, signal: AbortSignal): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    const status = { state: 'error', description } as const;
    await Promise.all(all.map(({ id }) => this.#addStatus(id, status, signal)));
  }

  async #create(environment: string, commit: string, signal: AbortSignal): Promise<OwnDeployment> {
    const body = {
      ref: commit,
      environment,
      description: 'Deployed by Argo CD',
      // Else GitHub may merge the default branch into the ref.
      auto_merge: false,
      // Else it refuses while a check of the commit is running, that of this very run too.
      required_contexts: [],
      transient_environment: false,
    };
    const id = text(record(await this.#rest.create(this.#path, body, signal)).id);
    if (id === '') throw new TransientError('GitHub answered without the id of the Deployment.');
    return { id, commit };
  }

  async #addStatus(
    id: string,
    status: { readonly state: DeploymentState; readonly description?: string },
    signal: AbortSignal,
  ): Promise<void> {
    const log = this.#logUrl === '' ? {} : { log_url: this.#logUrl };
    const path = `${this.#path}/${encodeURIComponent(id)}/statuses`;
    await this.#rest.set('POST', path, { ...status, ...log, auto_inactive: true }, signal);
  }
}
