/** From the declarative form of a case to its id, graph and inputs, for every op but attention. */
import { GraphBuilder, type Graph, type HalfForm, type Tensor, type Tensors, type Value } from '@attn/core';
import { float32ToHalf, nearestHalf, sizeOf, type OpAttributes, type OpName } from '@attn/core/backend';
import { caseId, type CaseParams, type ConformanceCase } from '../case.ts';
import { fill, fillIntegers, fillMask, seedOf, type DataRecipe } from '../data.ts';

/** One case of an op. */
export interface OpCaseSpec<K extends OpName> {
  /** Shapes of the op's inputs. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly attributes: OpAttributes[K];
  /** Default `bell`. */
  readonly data?: DataRecipe;
  /** Inputs that hold integers (i32) in [0, bound). */
  readonly integers?: Readonly<Record<string, number>>;
  /** Inputs that hold bytes (u8) in [0, bound). */
  readonly bytes?: Readonly<Record<string, number>>;
  /** Inputs that hold the bytes (u8) of halves. */
  readonly halves?: Readonly<Record<string, HalfForm>>;
  /** Inputs that hold flags (bool), each 1 with 70 % chance. */
  readonly flags?: readonly string[];
  /** Inputs that are known when the graph is compiled, as weights are. */
  readonly constants?: readonly string[];
  /** Inputs that are f32 whatever `dtype` says. */
  readonly singles?: readonly string[];
  /** Default f32. */
  readonly dtype?: 'f32' | 'f16';
  /** Values put at flat positions: `x@3=NaN`. */
  readonly plant?: readonly string[];
}

/** Cases of one op that share a description. */
export function opCases<K extends OpName>(
  op: K,
  description: string,
  specs: readonly OpCaseSpec<K>[],
): ConformanceCase[] {
  return specs.map((spec) => {
    const params = paramsOf(spec);
    const id = caseId(op, params);
    const build = (): ReturnType<ConformanceCase['build']> => {
      const [first, second] = [makeTensors(spec, id, 0), makeTensors(spec, id, 1)];
      return { graph: buildGraph(op, spec, first), inputs: fed(spec, first), again: fed(spec, second) };
    };
    return { id, op, description, params, build };
  });
}

function paramsOf<K extends OpName>({
  shapes,
  attributes,
  constants,
  integers,
  bytes,
  halves: _halves,
  flags,
  singles: _,
  ...rest
}: OpCaseSpec<K>): CaseParams {
  const params: Record<string, CaseParams[string]> = {};
  for (const [name, shape] of Object.entries(shapes))
    params[name] = shape.length === 0 ? 'scalar' : shape.join('x');
  const values: [string, unknown][] = Object.entries(attributes);
  for (const [name, value] of values) if (isParam(value)) params[name] = value;
  return { ...params, ...rest, constants };
}

function isParam(value: unknown): value is CaseParams[string] {
  return ['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value);
}

function buildGraph<K extends OpName>(op: K, spec: OpCaseSpec<K>, tensors: Tensors): Graph {
  const builder = new GraphBuilder();
  const values: Record<string, Value> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const isConstant = spec.constants?.includes(name) ?? false;
    values[name] = isConstant ? builder.constant(tensor, name) : builder.input(name, tensor);
  }
  const outputs = builder.node(op, values, spec.attributes);
  return builder.build(Object.fromEntries(outputs.map((value, i) => [i === 0 ? 'out' : `out${i}`, value])));
}

/** What is fed at run time: all but the constants. */
function fed<K extends OpName>(spec: OpCaseSpec<K>, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => !spec.constants?.includes(name)));
}

function makeTensors<K extends OpName>(spec: OpCaseSpec<K>, id: string, round: number): Tensors {
  const {
    shapes,
    data = 'bell',
    integers = {},
    bytes = {},
    halves = {},
    flags = [],
    dtype = 'f32',
    plant = [],
  } = spec;
  const { singles = [] } = spec;
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const seed = seedOf(`${id}/${name}/${round}`);
    const size = sizeOf(shape);
    const planted = <T extends Float32Array | Int32Array>(numbers: T): T => {
      for (const text of plant) {
        const [target, value] = text.split('=');
        const [input, at] = target.split('@');
        if (input === name) numbers[Number(at)] = Number(value);
      }
      return numbers;
    };
    if (Object.hasOwn(integers, name)) {
      tensors[name] = { dtype: 'i32', shape, data: planted(fillIntegers(integers[name], size, seed)) };
      continue;
    }
    if (Object.hasOwn(bytes, name)) {
      const values = fillIntegers(bytes[name], size, seed);
      tensors[name] = { dtype: 'u8', shape, data: Uint8Array.from(values) };
      continue;
    }
    if (Object.hasOwn(halves, name)) {
      const bits = Uint16Array.from(planted(fill(data, size / 2, seed)), (x) => nearestHalf(x, halves[name]));
      tensors[name] = { dtype: 'u8', shape, data: new Uint8Array(bits.buffer) };
      continue;
    }
    if (flags.includes(name)) {
      tensors[name] = { dtype: 'bool', shape, data: fillMask('holes:30', 1, size, seed, round) };
      continue;
    }
    const numbers = planted(fill(data, size, seed));
    tensors[name] =
      dtype === 'f16' && !singles.includes(name)
        ? { dtype, shape, data: float32ToHalf(numbers) }
        : { dtype: 'f32', shape, data: numbers };
  }
  return tensors;
}
