/** The parts that most WGSL kernels share: parameters, buffers, grids, and how floats are stored. */

/** The type of a parameter. Each takes one word. */
export type ParamType = 'u32' | 'i32' | 'f32';

/**
 * Names and types of a kernel's parameters, in order: one record from which come the WGSL struct
 * (`declareParams`), the TypeScript type of its values (`Params`) and its bytes (`packParams`).
 */
export type ParamTypes = Readonly<Record<string, ParamType>>;

/** The values of a kernel's parameters, by name. */
export type Params<T extends ParamTypes> = { readonly [name in keyof T]: number };

/** Declares the struct of a kernel's parameters, and binds it as `params`. */
export function declareParams(types: ParamTypes): string {
  const fields = Object.entries(types).map(([name, type]) => `  ${name}: ${type},`);
  return `struct Params {\n${fields.join('\n')}\n}\n@group(0) @binding(0) var<uniform> params: Params;`;
}

/** The words of the buffer that is bound as `params`. */
export function packParams<T extends ParamTypes>(types: T, values: Params<T>): Uint32Array<ArrayBuffer> {
  const names = Object.keys(types) as (keyof T & string)[];
  // A uniform buffer's size is a multiple of 16 bytes.
  const words = new Uint32Array(Math.ceil(names.length / 4) * 4);
  const floats = new Float32Array(words.buffer);
  names.forEach((name, index) => {
    if (types[name] === 'f32') floats[index] = values[name];
    else words[index] = values[name];
  });
  return words;
}

/** WGSL that declares storage buffers at bindings 1, 2, … Kernels may write the last `outputs` of them. */
export function declareBuffers(buffers: Readonly<Record<string, string>>, outputs = 1): string {
  const entries = Object.entries(buffers);
  return entries
    .map(([name, type], index) => {
      const access = index >= entries.length - outputs ? 'read_write' : 'read';
      return `@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: array<${type}>;`;
    })
    .join('\n');
}

/** Most workgroups on a side of a grid, on every device. */
export const MOST_GROUPS = 65_535;

/** Cuts a side of a grid into parts, none longer than a device allows. */
export function gridParts(
  count: number,
  most: number = MOST_GROUPS,
): { readonly first: number; readonly count: number }[] {
  return Array.from({ length: Math.ceil(count / most) }, (_, part) => {
    const first = part * most;
    return { first, count: Math.min(most, count - first) };
  });
}

/** Invocations of a workgroup, in kernels with one invocation for each element. */
export const ELEMENTS = 64;

/** A grid with an invocation for each of `count` elements, whose sides are within every device's limits. */
export function elementGrid(count: number): [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / ELEMENTS));
  const x = Math.min(groups, 32_768);
  return [x, Math.ceil(groups / x), 1];
}

/**
 * The entry point of a kernel that works element by element. In its body, `i` is the element, below
 * `params.count`.
 */
export function forEachElement(body: string): string {
  return `
@compute @workgroup_size(${ELEMENTS})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${ELEMENTS}u + id.x;
  if (i >= params.count) { return; }
${body}
}`;
}

/**
 * Rounds to the nearest half, ties to even, as storing it would: infinities from 65,520 on, subnormals kept.
 */
export const ROUND_TO_HALF = `
fn roundToHalf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size >= 0x7f800000u) { return x; }
  if (size >= 0x477ff000u) { return bitcast<f32>((bits & 0x80000000u) | 0x7f800000u); }
  if (size < 0x38800000u) { return round(x * 16777216.0) / 16777216.0; }
  return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}`;

/**
 * How the floats of a value are stored: as they are computed, as `f32` that are rounded to halves, or as
 * `f16`, which takes half the bytes and the feature `shader-f16`.
 */
export type FloatStorage = 'f32' | 'rounded' | 'f16';

/** The element type of stored floats. */
export type FloatElement = 'f32' | 'f16';

/** How a kernel reads and writes floats of one storage. All computing is in f32. */
export interface FloatAccess {
  /** The type of an element. */
  readonly type: FloatElement;
  /** Text for the top of a shader, and for the place before its functions. */
  readonly enable: string;
  /** Functions that `store` calls. */
  readonly declaration: string;
  /** The end of the names of kernels with this storage. */
  readonly suffix: string;
  /** WGSL that loads an element as f32. */
  load(element: string): string;
  /** WGSL that converts an f32 to an element. */
  store(value: string): string;
}

/** The directive at the top of a shader that has halves. */
export const ENABLE_F16 = 'enable f16;\n';

const ACCESS: { readonly [S in FloatStorage]: FloatAccess } = {
  f32: {
    type: 'f32',
    enable: '',
    declaration: '',
    suffix: '',
    load: (element) => element,
    store: (value) => value,
  },
  rounded: {
    type: 'f32',
    enable: '',
    declaration: ROUND_TO_HALF,
    suffix: ' half',
    load: (element) => element,
    store: (value) => `roundToHalf(${value})`,
  },
  // Our own arithmetic rounds first, because WGSL leaves open how conversions round.
  f16: {
    type: 'f16',
    enable: ENABLE_F16,
    declaration: ROUND_TO_HALF,
    suffix: ' f16',
    load: (element) => `f32(${element})`,
    store: (value) => `f16(roundToHalf(${value}))`,
  },
};

/** How to read and write floats of a storage. */
export function floatAccess(storage: FloatStorage): FloatAccess {
  return ACCESS[storage];
}

/** The element type in kernels that only move elements: words of any kind, or halves. */
export type ElementType = 'u32' | 'f16';

/** How kernels access elements that they only move. */
export function elementAccess(element: ElementType): Pick<FloatAccess, 'enable' | 'suffix'> {
  return element === 'f16' ? ACCESS.f16 : ACCESS.f32;
}

/** The least f32, where maxima begin. It may be a logit too. */
export const LOWEST = '-3.4028234663852886e38';

/** The indices of a vector's components. */
export const four = [0, 1, 2, 3] as const;

/** The integers from 0 up to `count`, without it. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
