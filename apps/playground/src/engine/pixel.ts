/** What a pixel of a picture says, as bits. */
export const PIXEL = {
  /** Some pairs are allowed. */
  some: 1,
  /** All pairs are allowed; `some` is not set then. */
  all: 2,
  /** The pixel lies in a tile that is computed. */
  computed: 4,
} as const;
