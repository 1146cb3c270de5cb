/** What a server counts, as Prometheus reads it. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds of times, in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Upper bounds of the numbers of inputs that run together. */
const INPUTS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The metrics of one server. */
export interface Metrics {
  readonly registry: Registry;
  onRequest(route: string, status: number, seconds: number): void;
  onBatch(inputs: number, tokens: number, seconds: number): void;
}

/** Makes the metrics; `waiting` says how many inputs wait. */
export function createMetrics(waiting: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'attn_request_seconds',
    help: 'Time from the headers of a request to its answer; status 499 is a client that has gone',
    labelNames: ['route', 'status'] as const,
    buckets: SECONDS,
    registers,
  });
  const batches = new Histogram({
    name: 'attn_batch_inputs',
    help: 'Inputs that ran together',
    buckets: INPUTS,
    registers,
  });
  const running = new Histogram({
    name: 'attn_batch_seconds',
    help: 'Time of the model for inputs that ran together',
    buckets: SECONDS,
    registers,
  });
  const tokens = new Counter({ name: 'attn_tokens_total', help: 'Tokens of inputs that ran', registers });
  new Gauge({
    name: 'attn_queue_inputs',
    help: 'Inputs that wait for the model',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    registry,
    onRequest: (route, status, seconds) => requests.labels(route, String(status)).observe(seconds),
    onBatch: (inputs, count, seconds) => {
      batches.observe(inputs);
      running.observe(seconds);
      tokens.inc(count);
    },
  };
}
