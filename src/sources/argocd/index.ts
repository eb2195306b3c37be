import { type Application, keyOf } from '../../core/application/types.js';
import { LIMITS } from '../../http/limits.js';
import { shortened, TIMEOUTS, transport } from '../../http/transport.js';
import { listerWatcher, ofApplications } from '../lister-watcher.js';
import { namesBy } from '../names.js';
import { selectionOfNames } from '../selected.js';
import type { Selection, Source, SourceOptions } from '../source.js';
import { applyPatch } from './actions.js';
import { listApplications, streamRequest } from './applications.js';
import { liveReader, objectReader } from './live.js';
import { argocdProtocol, WATCH_TIMEOUTS } from './protocol.js';
import { type ArgocdAction, LIST_ACTION, policyFor, policyObject } from './refusals.js';

export { argocdEndpoint, connectArgocd } from './connect.js';

export interface ArgocdSourceOptions extends SourceOptions {
  /** As whom a run has logged in, where it does so without a stored token. */
  readonly identity?: ArgocdAction['identity'];
}

/** In bytes: Argo CD knows no pages, and 5,000 Applications of 30 KB are 150 MB. */
const WHOLE_LIST = 256 * 1024 * 1024;

/** The headers of a stream come with its first event, perhaps in days: lists check on it meanwhile. */
const STREAM_MS = 24 * 24 * 3600 * 1000;
/** A refresh is answered when it is done, which takes as long as rendering the manifests. */
const REFRESH_MS = 120_000;
const NAME_FIELDS = 'items.metadata.name,items.metadata.namespace';

/** What requests need of an Application that was seen. */
interface SeenApplication {
  /** `PROJECT/APPLICATION`, as in policies. */
  readonly object: string;
  readonly automated: boolean;
}

/** Applications from the API of an Argo CD server. */
export function argocdSource(options: ArgocdSourceOptions): Source {
  const { connection, selection, clock, random, identity } = options;
  const timing = { ...WATCH_TIMEOUTS, ...TIMEOUTS, ...options.timing };
  const server = connection.name;
  const { parse, known, action } = memory(options);
  const listAction = { ...LIST_ACTION, identity };
  const limits = { ...LIMITS, list: WHOLE_LIST, ...options.limits };
  const open = (idleMs = timing.idleMs) =>
    transport(connection, clock, { ...timing, idleMs }, limits);
  const pool = open();
  const streams = open(STREAM_MS);
  const refreshing = open(REFRESH_MS);
  const toRead = (key: string) => action(key, 'get');
  const reading = { transport: pool, server, clock, random, action: toRead };
  const following = {
    ...{ ...options, timing, pool },
    openLast: () => transport(connection, clock, shortened(timing), limits),
  };
  const protocol = { ...options, streams, server, timing };
  return {
    ...ofApplications(
      listerWatcher({
        ...{ ...following, parse },
        what: 'Applications',
        protocolOver: (transport) =>
          argocdProtocol({
            ...protocol,
            list: (read, signal) =>
              listApplications(transport, server, selection, read, signal, '', listAction),
            stream: streamRequest(selection),
            ...{ action: listAction, field: 'application' },
          }),
      }),
    ),
    async applicationSets(names) {
      const { parseApplicationSet } = await import('../../core/applicationset/parse.js');
      const { applicationSetStream, readAction, readApplicationSets } = await import(
        './applicationsets.js'
      );
      const [first = { namespace: '', name: '' }] = names;
      return listerWatcher({
        ...{ ...following, selection: selectionOfNames(names), parse: parseApplicationSet },
        what: 'ApplicationSets',
        protocolOver: (transport) =>
          argocdProtocol({
            ...protocol,
            list: (read, signal) =>
              readApplicationSets({ transport, server, identity }, names, read, signal),
            stream: applicationSetStream(names),
            ...{ action: readAction(first, identity), field: 'applicationSet' },
          }),
      });
    },
    reaches: () => true,
    live: liveReader(reading),
    reader: async () => objectReader(reading),
    names: (namespace, signal) =>
      namesBy(namespace, (selection, reduce) =>
        listApplications(pool, server, selection, reduce, signal, NAME_FIELDS, listAction),
      ),
    uiAddress: async () => connection.base,
    patch: (patch, signal) =>
      applyPatch({ transport: refreshing, server, parse, known, action }, patch, signal),
    async inspector() {
      const { argocdInspector } = await import('./inspector.js');
      return argocdInspector(reading);
    },
    get absenceHint() {
      return absenceHintOf(selection, identity);
    },
  };
}

/** Parses Applications, and keeps what requests need of them. */
function memory({ parse: parseApplication, identity }: ArgocdSourceOptions) {
  const seen = new Map<string, SeenApplication>();
  const known = (key: string): SeenApplication => seen.get(key) ?? unknown(key);
  const parse = (object: unknown): Application => {
    const application = parseApplication(object);
    const automated = application.automated !== undefined;
    seen.set(keyOf(application), { object: policyObject(application), automated });
    return application;
  };
  const action = (key: string, action: ArgocdAction['action']): ArgocdAction => {
    return { action, what: key, object: known(key).object, identity };
  };
  return { parse, known, action };
}

function unknown(key: string): SeenApplication {
  return { object: `PROJECT/${key.slice(key.indexOf('/') + 1)}`, automated: false };
}

/** Argo CD does not tell what is missing from what a token may not read. */
function absenceHintOf(
  { name = 'APPLICATION' }: Selection,
  identity: ArgocdAction['identity'],
): string {
  const policy = policyFor({ action: 'get', what: name, object: `PROJECT/${name}`, identity });
  return `Argo CD hides Applications that the token may not read. ${policy}`;
}
