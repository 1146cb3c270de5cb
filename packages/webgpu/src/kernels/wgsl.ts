/** Small parts that WGSL kernels are put together from. */

/** The types of parameters: all are one word. */
export type ParamType = 'u32' | 'i32' | 'f32';

/** Names and types of a kernel's parameters, in order. */
export type ParamTypes = Readonly<Record<string, ParamType>>;

/** Values for parameters of these types. */
export type Params<T extends ParamTypes> = { readonly [name in keyof T]: number };

/** Declares the parameters as `params.name`. */
export function declareParams(types: ParamTypes): string {
  const fields = Object.entries(types).map(([name, type]) => `  ${name}: ${type},`);
  return `struct Params {\n${fields.join('\n')}\n}\n@group(0) @binding(0) var<uniform> params: Params;`;
}

/** The parameters as the words of their buffer. */
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

/** Declares storage buffers from binding 1 on; the last `outputs` of them are written to. */
export function declareBuffers(buffers: Readonly<Record<string, string>>, outputs = 1): string {
  const entries = Object.entries(buffers);
  return entries
    .map(([name, type], index) => {
      const access = index >= entries.length - outputs ? 'read_write' : 'read';
      return `@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: array<${type}>;`;
    })
    .join('\n');
}

/** Invocations of a workgroup of kernels that work element by element. */
export const ELEMENTS = 64;

/** How many workgroups of `ELEMENTS` make `count`, as a grid that no limit is in the way of. */
export function elementGrid(count: number): [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / ELEMENTS));
  const x = Math.min(groups, 32_768);
  return [x, Math.ceil(groups / x), 1];
}

/** The entry point of such kernels: `i` is the element, below `params.count`. */
export function forEachElement(body: string): string {
  return `
@compute @workgroup_size(${ELEMENTS})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${ELEMENTS}u + id.x;
  if (i >= params.count) { return; }
${body}
}`;
}

/** Rounds to the nearest half, ties to even, as storing it would: infinities from 65,520 on, subnormals kept. */
export const ROUND_TO_HALF = `
fn roundToHalf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size >= 0x7f800000u) { return x; }
  if (size >= 0x477ff000u) { return bitcast<f32>((bits & 0x80000000u) | 0x7f800000u); }
  if (size < 0x38800000u) { return round(x * 16777216.0) / 16777216.0; }
  return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}`;

/** What is stored of a result: rounded where the value is a half. */
export function rounding(isHalf: boolean): { readonly declaration: string; round(value: string): string } {
  return isHalf
    ? { declaration: ROUND_TO_HALF, round: (value) => `roundToHalf(${value})` }
    : { declaration: '', round: (value) => value };
}
