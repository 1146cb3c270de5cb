/** What is checked of the arguments of `createAttn` and of its methods before anything is done with them. */
import type { Backend } from '../backend.ts';
import { AttnError, show } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { AttnOptions } from './attn.ts';

const WHERE = 'core/select';

/** The value, which must be an object. Errors: `INVALID_ARGUMENT`. */
export function checkObject<T>(name: string, value: T): T {
  if (typeof value !== 'object' || value === null) {
    throw new AttnError('INVALID_ARGUMENT', WHERE, `${name} must be an object, got ${show(value)}`);
  }
  return value;
}

/** Throws `INVALID_GRAPH` unless it is a graph. */
export function checkGraph(graph: Graph): void {
  if (typeof graph !== 'object' || graph === null || !Array.isArray(graph.nodes)) {
    throw new AttnError(
      'INVALID_GRAPH',
      WHERE,
      `expected a graph made by GraphBuilder.build, got ${show(graph)}`,
    );
  }
}

/** The options, whose backends are there and have different names. Errors: `INVALID_ARGUMENT`. */
export function checkAttnOptions(options: AttnOptions): AttnOptions {
  const { backends, backend, tune, cache } = checkObject('options', options);
  if (!Array.isArray(backends) || !backends.every(isBackend)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `backends must be a list of backends such as cpu(), got ${show(backends)}`,
    );
  }
  const names = backends.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `backends must have different names, got ${show(twice)} twice`,
    );
  }
  if (backend !== undefined && !names.includes(backend)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `there is no backend ${show(backend)}; listed are ${names.join(', ')}`,
    );
  }
  if (tune !== undefined && tune !== 'estimate' && tune !== 'measure') {
    throw new AttnError('INVALID_ARGUMENT', WHERE, `tune must be estimate or measure, got ${show(tune)}`);
  }
  if (cache !== undefined && typeof cache !== 'boolean' && !isStore(cache)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `cache must be true, false or an object with get and set, got ${show(cache)}`,
    );
  }
  return options;
}

function isStore(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'get' in value && 'set' in value;
}

function isBackend(value: unknown): value is Backend {
  return typeof value === 'object' && value !== null && 'name' in value && 'compile' in value;
}
