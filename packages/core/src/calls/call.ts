/**
 * Calls: an object of tensors and options that stands for a graph. What a kind of call holds and what its graph is stands in a file of
 * its own, such as `attention-call.ts`; here is what all kinds share: typing mistakes are found, and what was called before is not
 * built again.
 */
import type { Tensors } from '../contract/backend.ts';
import { checkArgument, readEntries, type OptionKinds } from '../check/check-options.ts';
import { AttnError } from '../errors.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import type { Kind } from '../check/kinds.ts';
import { LruMap } from '../util/lru.ts';
import { unknownName } from '../check/nearest-name.ts';
import { aPattern } from '../patterns/options.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { checkTensor, type Tensor } from '../tensor.ts';
import { ATTN_RUN_OPTIONS } from '../run/check-arguments.ts';

/** The outputs of a call by name; absent ones were not asked for. */
export interface CallValues {
  readonly out: Value;
  readonly lse?: Value;
  readonly buckets?: Value;
  readonly order?: Value;
}

/** A kind of call `C`, whose tensors become the values `V`. */
export interface CallKind<C extends object, V extends object> {
  /** As errors say it, and the method of `Attn`. */
  readonly name: string;
  /** Names of tensors. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Those of them that may be lists of tensors. */
  readonly lists?: readonly string[];
  /** Everything else, and what it must be. */
  readonly options: OptionKinds<Omit<C, keyof V>>;
  /** Inputs that are often given the same object as another one: it is then fed once. */
  readonly sameAs?: Readonly<Record<string, string>>;
  /** Refuses what deserves a better reason than that it is unknown. */
  check?(call: C): void;
  /** Says with `ATTN_DEBUG` what would be better. The call is known to be right. */
  remark?(call: C): void;
  /** The outputs, from the values of the call's tensors and its options. */
  build(builder: GraphBuilder, values: V, options: Omit<C, keyof V>): CallValues;
}

/** Whether a name is that of an option of the run, which a call may hold beside its own. */
function isRunOption(name: string): boolean {
  return Object.hasOwn(ATTN_RUN_OPTIONS, name);
}

/** The graph of a call: its inputs are named as in the call, those of lists `name0`, `name1`, … Errors: those of the kind's ops. */
export function callGraph<C extends object, V extends object>(kind: CallKind<C, V>, call: C): Graph {
  return graphOf(kind, ownCall(kind, call));
}

/**
 * A copy of a call, so that what it holds is read once. Errors: `INVALID_ARGUMENT` for what cannot be read.
 */
export function ownCall<C extends object>({ name }: { readonly name: string }, call: C): C {
  return Object.fromEntries(readEntries(`core/${name}`, 'the call', call)) as C;
}

function graphOf<C extends object, V extends object>(kind: CallKind<C, V>, call: C): Graph {
  kind.check?.(call);
  checkNames(kind, call);
  const builder = new GraphBuilder();
  const fed = fedTensors(kind, call);
  const input = (name: string): Value => {
    checkTensor(fed[name], `core/${kind.name}`, name);
    return builder.input(name, fed[name]);
  };
  const values: Record<string, Value | readonly Value[]> = {};
  for (const [name, given] of givenTensors(kind, call)) {
    const same = sameInput(kind, call, name);
    if (same !== undefined) values[name] = values[same];
    else values[name] = isList(kind, name, given) ? given.map((_, i) => input(`${name}${i}`)) : input(name);
  }
  const outputs = Object.entries(kind.build(builder, values as V, givenOptions(kind, call)));
  return builder.build(Object.fromEntries(outputs.filter(([, value]) => value !== undefined)));
}

/** The tensors of a call, as its graph is fed. */
export function callInputs<C extends object, V extends object>(kind: CallKind<C, V>, call: C): Tensors {
  return fedTensors(kind, ownCall(kind, call));
}

/** `callInputs` of a call that can be read. */
export function fedTensors<C extends object, V extends object>(kind: CallKind<C, V>, call: C): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const [name, given] of givenTensors(kind, call)) {
    if (sameInput(kind, call, name) !== undefined) continue;
    if (isList(kind, name, given)) given.forEach((tensor, i) => (tensors[`${name}${i}`] = tensor));
    else tensors[name] = given as Tensor;
  }
  return tensors;
}

/** How many graphs of calls are remembered. */
const GRAPHS = 64;

/** The graphs of calls, by their shapes and options: to call again what was called before costs no building. */
export class CallGraphs {
  private readonly graphs = new LruMap<Graph>(GRAPHS);

  /** The graph of a call that `ownCall` has read. Errors: as those of `callGraph`. */
  of<C extends object, V extends object>(kind: CallKind<C, V>, call: C): Graph {
    const key = signature(kind, call);
    const known = key === undefined ? undefined : this.graphs.get(key);
    if (known === undefined) {
      const graph = graphOf(kind, call);
      if (key !== undefined) this.graphs.set(key, graph);
      return graph;
    }
    for (const [name, tensor] of Object.entries(fedTensors(kind, call)))
      checkTensor(tensor, `core/${kind.name}`, name);
    return known;
  }
}

/** Tensors, and lists of them, in the order of the kind. */
function givenTensors<C extends object, V extends object>(
  { required, optional }: CallKind<C, V>,
  call: C,
): [name: string, given: unknown][] {
  const given = new Map<string, unknown>(Object.entries(call));
  return [...required, ...optional].flatMap((name) => {
    const value = given.get(name);
    return value === undefined ? [] : [[name, value]];
  });
}

/** The options of a call that its kind knows, without its tensors and the options of the run. */
function givenOptions<C extends object, V extends object>(
  { options }: CallKind<C, V>,
  call: C,
): Omit<C, keyof V> {
  const entries = Object.entries(call).filter(([name]) => Object.hasOwn(options, name));
  return Object.fromEntries(entries) as Omit<C, keyof V>;
}

/** True for a list where one may stand; anything else has to be a tensor. */
function isList<C extends object, V extends object>(
  { lists = [] }: CallKind<C, V>,
  name: string,
  given: unknown,
): given is readonly Tensor[] {
  return lists.includes(name) && Array.isArray(given);
}

/** The input that has the same object already. */
function sameInput<C extends object, V extends object>(
  { sameAs = {} }: CallKind<C, V>,
  call: C,
  name: string,
): string | undefined {
  if (!Object.hasOwn(sameAs, name)) return undefined;
  const given = new Map<string, unknown>(Object.entries(call));
  return given.get(name) === given.get(sameAs[name]) ? sameAs[name] : undefined;
}

function checkNames<C extends object, V extends object>(kind: CallKind<C, V>, call: C): void {
  const known = [...kind.required, ...kind.optional, ...Object.keys(kind.options)];
  const kinds: Readonly<Record<string, Kind>> = kind.options;
  for (const [name, value] of Object.entries(call) as [string, unknown][]) {
    if (Object.hasOwn(kinds, name) && value !== undefined)
      checkArgument(`core/${kind.name}`, name, value, kinds[name]);
    if (known.includes(name) || isRunOption(name)) continue;
    const message = unknownName('option', name, [...known, ...Object.keys(ATTN_RUN_OPTIONS)]);
    throw new AttnError('INVALID_ARGUMENT', `core/${kind.name}`, message);
  }
  const given = givenTensors(kind, call).map(([name]) => name);
  for (const name of kind.required) {
    if (!given.includes(name))
      throw new AttnError('MISSING_INPUT', `core/${kind.name}`, `input ${name} is required`);
  }
}

/** Text that is equal for calls of equal graphs; undefined for what had better be looked at closely. */
function signature<C extends object, V extends object>(kind: CallKind<C, V>, call: C): string | undefined {
  try {
    return describeCall(kind, call);
  } catch {
    return undefined; // A hostile object in the call, which the checks refuse.
  }
}

function describeCall<C extends object, V extends object>(kind: CallKind<C, V>, call: C): string | undefined {
  let text = `${kind.name};`;
  for (const [name, value] of Object.entries(call) as [string, unknown][]) {
    if (value === undefined || isRunOption(name)) continue;
    const described = Object.hasOwn(kind.options, name)
      ? describeOption(name, value)
      : (sameInput(kind, call, name) ?? describeTensors(value));
    const isKnown =
      Object.hasOwn(kind.options, name) || kind.required.includes(name) || kind.optional.includes(name);
    if (described === undefined || !isKnown) return undefined;
    text += `${name} ${described};`;
  }
  return text;
}

function describeOption(name: string, value: unknown): string | undefined {
  if (name === 'pattern') return aPattern.test(value) ? (value as Pattern).key : undefined;
  if (Array.isArray(value)) {
    return value.every((each) => typeof each === 'number') ? `[${value.join()}]` : undefined;
  }
  return typeof value === 'object' ? undefined : `${typeof value} ${String(value)}`;
}

function describeTensors(value: unknown): string | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.map((each) => {
    const { dtype, shape } = Object(each) as Partial<Tensor>;
    return typeof dtype === 'string' && Array.isArray(shape)
      ? `${dtype} ${shape.map(String).join()}`
      : undefined;
  });
  if (texts.includes(undefined)) return undefined;
  return Array.isArray(value) ? `[${texts.join(' ')}]` : texts[0];
}
