/** Protocol buffers for tests: sentencepiece models made by hand. */

/** A protocol buffer of fields with bytes, integers, or floats of 32 bits. */
export function message(
  ...fields: readonly (readonly [number, Uint8Array | number | Float32Array])[]
): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: number) => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  for (const [field, value] of fields) {
    if (typeof value === 'number') {
      varint(field * 8);
      varint(value);
    } else if (value instanceof Float32Array) {
      varint(field * 8 + 5);
      bytes.push(...new Uint8Array(value.buffer));
    } else {
      varint(field * 8 + 2);
      varint(value.length);
      for (const byte of value) bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}

/** A text as bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
