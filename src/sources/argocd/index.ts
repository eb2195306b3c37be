import { type Application, keyOf } from '../../core/application/types.js';
import { record, text } from '../../http/json.js';
import { TIMEOUTS, transport } from '../../http/transport.js';
import { listerWatcher } from '../lister-watcher.js';
import { namesBy } from '../names.js';
import type { Selection, Source, SourceOptions } from '../source.js';
import { applyPatch } from './actions.js';
import { listApplications } from './applications.js';
import { liveReader } from './live.js';
import { argocdProtocol, WATCH_TIMEOUTS } from './protocol.js';
import { type ArgocdAction, policyFor } from './refusals.js';

export { connectArgocd } from './connect.js';

/** The first event of a stream may be days away, and so are its headers: what is heard is checked. */
const STREAM_MS = 24 * 24 * 3600 * 1000;
/** A refresh is answered when it is done, which takes as long as the manifests take. */
const REFRESH_MS = 120_000;
const NAME_FIELDS = 'items.metadata.name,items.metadata.namespace';

/** What is remembered of an Application beside what decisions are made on. */
interface SeenApplication {
  /** As policies name it. */
  readonly object: string;
  readonly automated: boolean;
}

/** Applications out of the API of an Argo CD server. */
export function argocdSource(options: SourceOptions): Source {
  const { connection, selection, clock, random } = options;
  const timing = { ...WATCH_TIMEOUTS, ...TIMEOUTS, ...options.timing };
  const server = connection.name;
  const { parse, known, action } = memory(options.parse);
  const open = (idleMs = timing.idleMs) => transport(connection, clock, { ...timing, idleMs });
  const pool = open();
  const streams = open(STREAM_MS);
  const refreshing = open(REFRESH_MS);
  return {
    ...listerWatcher({
      ...options,
      parse,
      timing,
      pool,
      open,
      protocolOver: (transport) =>
        argocdProtocol({ ...options, transport, streams, server, timing }),
    }),
    reaches: () => true,
    live: liveReader({
      transport: pool,
      server,
      clock,
      random,
      action: (key) => action(key, 'get'),
    }),
    names: (namespace, signal) =>
      namesBy(namespace, (selection, reduce) =>
        listApplications(pool, server, selection, reduce, signal, NAME_FIELDS),
      ),
    uiAddress: async () => connection.base,
    patch: (patch, signal) =>
      applyPatch({ transport: refreshing, server, parse, known, action }, patch, signal),
    absenceHint: absenceHintOf(selection),
  };
}

/** Reads Applications, and keeps what else is asked about them. */
function memory(parseApplication: SourceOptions['parse']) {
  const seen = new Map<string, SeenApplication>();
  const known = (key: string): SeenApplication => seen.get(key) ?? unknown(key);
  const parse = (object: unknown): Application => {
    const application = parseApplication(object);
    const project = text(record(record(object).spec).project) || 'default';
    const automated = application.automated !== undefined;
    seen.set(keyOf(application), { object: `${project}/${placeOf(application)}`, automated });
    return application;
  };
  const action = (key: string, action: ArgocdAction['action']): ArgocdAction => {
    return { action, what: key, object: known(key).object };
  };
  return { parse, known, action };
}

function unknown(key: string): SeenApplication {
  return { object: `PROJECT/${key.slice(key.indexOf('/') + 1)}`, automated: false };
}

/** Policies name the namespace of an Application only where it is not that of Argo CD. */
function placeOf({ namespace, name, controllerNamespace }: Application): string {
  const elsewhere = controllerNamespace !== '' && controllerNamespace !== namespace;
  return elsewhere ? `${namespace}/${name}` : name;
}

/** Argo CD does not tell what is not there from what a token may not see. */
function absenceHintOf({ name = 'APPLICATION' }: Selection): string {
  const policy = policyFor({ action: 'get', what: name, object: `PROJECT/${name}` });
  return `Argo CD shows no Application that the token may not see. ${policy}`;
}
