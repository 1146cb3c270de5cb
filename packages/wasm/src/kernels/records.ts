/** Writes records for kernels: fields by their names, at the offsets of a layout. */

/** The offsets of fields in bytes, by name. */
export type Layout = Readonly<Record<string, number>>;

/** Values of a layout's fields. Absent fields are 0. */
export type Fields<L extends Layout> = { readonly [Name in keyof L]?: number };

/** Records of a layout, one after another, as 32-bit words. */
export class Records<L extends Layout> {
  readonly words: Int32Array;
  private readonly floats: Float32Array;
  private readonly layout: L;
  /** Bytes of a record. */
  readonly bytes: number;
  /** Number of records. */
  readonly count: number;
  private readonly floatFields: readonly (keyof L)[];

  /** @param options.floats which fields hold f32 rather than integers or addresses */
  constructor(
    layout: L,
    bytes: number,
    count: number,
    { floats = [] }: { readonly floats?: readonly (keyof L)[] } = {},
  ) {
    this.words = new Int32Array((count * bytes) / 4);
    this.floats = new Float32Array(this.words.buffer);
    this.layout = layout;
    this.bytes = bytes;
    this.count = count;
    this.floatFields = floats;
  }

  /** Sets fields of a record. */
  set(index: number, fields: Fields<L>): void {
    for (const name in fields) {
      const at = (index * this.bytes + this.layout[name]) / 4;
      const value = fields[name] ?? 0;
      if (this.floatFields.includes(name)) this.floats[at] = value;
      else this.words[at] = value;
    }
  }
}
