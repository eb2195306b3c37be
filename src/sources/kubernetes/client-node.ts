import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { type Json, record } from '../../http/json.js';
import { TransientError } from '../../platform/errors.js';

/** Loaded only for the kubeconfigs that need it: it is most of a start's time. */

const NAME = 'post-sync';

function kubeConfig(user: Json, clusters: readonly Json[] = []): KubeConfig {
  const config = new KubeConfig();
  const text = JSON.stringify({
    clusters,
    users: [{ name: NAME, user }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
    'current-context': NAME,
  });
  config.loadFromString(text);
  return config;
}

/** Makes agents that go by a proxy (http, https, socks). */
export async function proxyAgents(base: string, proxy: string): Promise<() => Promise<Agent>> {
  const cluster = { name: NAME, cluster: { server: base, 'proxy-url': proxy } };
  return async () => {
    const options: RequestOptions = {};
    await kubeConfig({}, [cluster]).applyToHTTPSOptions(options);
    const { agent } = options;
    if (!agent || agent === true) throw new TransientError('The proxy cannot be used.');
    // An agent's options go before a request's, and these are there but undefined.
    forgetUndefined(record(agent).options);
    return agent;
  };
}

function forgetUndefined(options: unknown): void {
  for (const [key, value] of Object.entries(record(options))) {
    if (value === undefined) Reflect.deleteProperty(record(options), key);
  }
}
