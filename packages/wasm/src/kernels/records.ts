/** Writing records for kernels: fields by their names, at the offsets that a layout says. */

/** Offsets of fields, in bytes. */
export type Layout = Readonly<Record<string, number>>;

/** Values of a layout's fields; those that are left out are 0. */
export type Fields<L extends Layout> = { readonly [Name in keyof L]?: number };

/** Records of one kind, one after another, as 32-bit words. */
export class Records<L extends Layout> {
  readonly words: Int32Array;
  private readonly floats: Float32Array;
  private readonly layout: L;
  /** Bytes of one. */
  readonly bytes: number;
  /** How many there are. */
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

  /** Fills one record. */
  set(index: number, fields: Fields<L>): void {
    for (const name in fields) {
      const at = (index * this.bytes + this.layout[name]) / 4;
      const value = fields[name] ?? 0;
      if (this.floatFields.includes(name)) this.floats[at] = value;
      else this.words[at] = value;
    }
  }
}
