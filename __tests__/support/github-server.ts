import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What GitHub keeps, as far as the action writes or asks it. */
export interface GithubRepository {
  /** Commits that exist. */
  readonly commits: Set<string>;
  readonly deployments: StoredDeployment[];
  readonly checks: StoredCheck[];
  readonly comments: StoredComment[];
  /** By commit, what `GET /commits/SHA/pulls` lists. */
  readonly pulls: Map<string, readonly Json[]>;
  /** Runs of workflows, newest first. */
  readonly runs: StoredRun[];
}

export interface StoredDeployment {
  readonly id: number;
  readonly ref: string;
  readonly environment: string;
  readonly request: Json;
  /** States in the order in which they were set; `pending` without any. */
  readonly statuses: Json[];
}

export interface StoredCheck extends Json {
  readonly output?: { readonly title: string; readonly summary: string };
}

export interface StoredComment {
  readonly id: number;
  readonly issue: number;
  readonly user: Json;
  body: string;
}

export interface StoredRun {
  readonly file: string;
  readonly branch: string;
  readonly conclusion: string;
  readonly head_sha: string;
  readonly created_at: string;
  /** By default `push`. */
  readonly event?: string;
  /** Where its head is; by default this repository. GitHub lists runs of forks by their branches too. */
  readonly head_repository?: { readonly full_name: string } | null;
}

export type Json = Readonly<Record<string, unknown>>;

/** An answer out of order, or none at all. */
export type Fault = { readonly status: number; readonly message: string } | 'never';

export interface GithubServer {
  /** For GITHUB_API_URL; below a path, as that of a GitHub Enterprise Server is. */
  readonly url: string;
  readonly repository: GithubRepository;
  /** `METHOD /path`, without the base, in order. */
  readonly requests: string[];
  /** What the token may do; `contents: read` it always may. */
  readonly rights: Set<string>;
  /** Login of the token's owner; absent: it is a job's, which has none. */
  login?: string;
  /** Asked before every answer. */
  fault: (request: string, body: Json) => Fault | undefined;
  /** Resolves with the first request, this one included, that matches. */
  seen(request: RegExp): Promise<void>;
  close(): Promise<void>;
}

const BASE = '/api/v3';
const PAGE = 100;
const ALL_RIGHTS = ['deployments: write', 'checks: write', 'pull-requests: write', 'actions: read'];

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** A stand-in for the REST API of GitHub, with one repository, `acme/shop`. */
export async function startGithub(): Promise<GithubServer> {
  const repository: GithubRepository = {
    commits: new Set(),
    deployments: [],
    checks: [],
    comments: [],
    pulls: new Map(),
    runs: [],
  };
  const watchers: { readonly request: RegExp; readonly tell: () => void }[] = [];
  const http = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '', 'http://github');
      const line = `${request.method} ${url.pathname.replace(BASE, '')}`;
      server.requests.push(line);
      const fault = server.fault(line, body);
      for (const each of watchers) if (each.request.test(line)) each.tell();
      if (fault === 'never') return;
      const reply = fault
        ? { status: fault.status, body: { message: fault.message } }
        : answer(server, line, url.searchParams, body);
      response.writeHead(reply.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  const server: GithubServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}${BASE}`,
    repository,
    requests: [],
    rights: new Set(ALL_RIGHTS),
    fault: () => undefined,
    seen: (request) =>
      new Promise((tell) => {
        if (server.requests.some((each) => request.test(each))) tell();
        watchers.push({ request, tell });
      }),
    async close() {
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  };
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text === '' ? {} : (JSON.parse(text) as Json);
}

const REFUSED: Reply = { status: 403, body: { message: 'Resource not accessible by integration' } };
const NOT_FOUND: Reply = { status: 404, body: { message: 'Not Found' } };
const invalid = (message: string): Reply => ({ status: 422, body: { message } });

type Route = readonly [
  pattern: RegExp,
  right: string,
  answer: (server: GithubServer, parts: readonly string[], given: Given) => Reply,
];

interface Given {
  readonly query: URLSearchParams;
  readonly body: Json;
}

const ROUTES: readonly Route[] = [
  [/^POST \/repos\/acme\/shop\/deployments$/, 'deployments: write', createDeployment],
  [/^POST \/repos\/acme\/shop\/deployments\/(\d+)\/statuses$/, 'deployments: write', addStatus],
  [/^POST \/repos\/acme\/shop\/check-runs$/, 'checks: write', createCheck],
  [/^GET \/repos\/acme\/shop\/commits\/(\w+)\/pulls$/, '', pullsOf],
  [/^GET \/repos\/acme\/shop\/issues\/(\d+)\/comments$/, '', listComments],
  [/^POST \/repos\/acme\/shop\/issues\/(\d+)\/comments$/, 'pull-requests: write', addComment],
  [/^PATCH \/repos\/acme\/shop\/issues\/comments\/(\d+)$/, 'pull-requests: write', editComment],
  [/^GET \/repos\/acme\/shop\/actions\/workflows\/([^/]+)\/runs$/, 'actions: read', listRuns],
  [/^GET \/user$/, '', whoAmI],
];

function answer(server: GithubServer, line: string, query: URLSearchParams, body: Json): Reply {
  for (const [pattern, right, reply] of ROUTES) {
    const parts = pattern.exec(line);
    if (!parts) continue;
    if (right !== '' && !server.rights.has(right)) return REFUSED;
    return reply(server, parts.slice(1).map(decodeURIComponent), { query, body });
  }
  return NOT_FOUND;
}

function createDeployment({ repository }: GithubServer, _: unknown, { body }: Given): Reply {
  const { ref, environment, auto_merge: merge, required_contexts: contexts } = body;
  if (!repository.commits.has(String(ref))) return invalid(`No ref found for: ${ref}`);
  // The ref may be behind the default branch, and this very run is a check that has not ended.
  if (merge !== false || !Array.isArray(contexts) || contexts.length > 0) {
    return { status: 409, body: { message: 'Conflict: Commit status checks failed' } };
  }
  const id = repository.deployments.length + 1;
  const names = { ref: String(ref), environment: String(environment) };
  repository.deployments.push({ id, ...names, request: body, statuses: [] });
  return { status: 201, body: { id } };
}

const STATES = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'];

function addStatus({ repository }: GithubServer, [id]: readonly string[], { body }: Given): Reply {
  const deployment = repository.deployments.find((each) => String(each.id) === id);
  if (!deployment) return NOT_FOUND;
  const { state, description = '' } = body;
  if (!STATES.includes(String(state))) return invalid('Validation Failed: state');
  if (String(description).length > 140) return invalid('Validation Failed: description');
  deployment.statuses.push(body);
  if (state === 'success' && body.auto_inactive !== false) {
    for (const each of repository.deployments) {
      const ended = each.statuses.at(-1)?.state === 'success';
      const same = each !== deployment && each.environment === deployment.environment;
      if (ended && same) each.statuses.push({ state: 'inactive' });
    }
  }
  return { status: 201, body: { id: deployment.statuses.length, state } };
}

function createCheck({ repository }: GithubServer, _: unknown, { body }: Given): Reply {
  if (!repository.commits.has(String(body.head_sha))) return invalid('No commit found for SHA');
  const check: StoredCheck = body;
  // GitHub counts bytes.
  if (Buffer.byteLength(check.output?.summary ?? '') > 65_535) {
    return invalid('Validation Failed: summary exceeds a maximum bytesize of 65535');
  }
  repository.checks.push(check);
  return { status: 201, body: { id: repository.checks.length } };
}

function pullsOf({ repository }: GithubServer, [commit = '']: readonly string[]): Reply {
  if (!repository.commits.has(commit)) return invalid(`No commit found for SHA: ${commit}`);
  return { status: 200, body: repository.pulls.get(commit) ?? [] };
}

function listComments(
  { repository }: GithubServer,
  [issue]: readonly string[],
  { query }: Given,
): Reply {
  const size = Math.min(PAGE, Number(query.get('per_page') ?? 30));
  const from = (Number(query.get('page') ?? 1) - 1) * size;
  const all = repository.comments.filter((each) => String(each.issue) === issue);
  return { status: 200, body: all.slice(from, from + size) };
}

const BOT: Json = { login: 'github-actions[bot]', type: 'Bot' };

function addComment(server: GithubServer, [issue]: readonly string[], { body }: Given): Reply {
  const text = String(body.body);
  if (text.length > 65_536) return invalid('Body is too long (maximum is 65536 characters)');
  const { comments } = server.repository;
  const user = server.login === undefined ? BOT : { login: server.login, type: 'User' };
  comments.push({ id: comments.length + 1, issue: Number(issue), user, body: text });
  return { status: 201, body: { id: comments.length } };
}

function editComment({ repository }: GithubServer, [id]: readonly string[], given: Given): Reply {
  const comment = repository.comments.find((each) => String(each.id) === id);
  if (!comment) return NOT_FOUND;
  comment.body = String(given.body.body);
  return { status: 200, body: { id: comment.id } };
}

function listRuns(
  { repository }: GithubServer,
  [file]: readonly string[],
  { query }: Given,
): Reply {
  const runs = repository.runs.filter(
    (each) =>
      each.file === file &&
      (query.get('branch') ?? each.branch) === each.branch &&
      (query.get('status') ?? each.conclusion) === each.conclusion,
  );
  const known = { event: 'push', head_repository: { full_name: 'acme/shop' } };
  const page = runs.slice(0, Math.min(PAGE, Number(query.get('per_page') ?? 30)));
  const shown = page.map((each) => ({ ...known, ...each }));
  return { status: 200, body: { total_count: runs.length, workflow_runs: shown } };
}

function whoAmI({ login }: GithubServer): Reply {
  return login === undefined ? REFUSED : { status: 200, body: { login, type: 'User' } };
}
