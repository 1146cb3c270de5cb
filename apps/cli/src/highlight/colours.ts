/**
 * Colours of labels: those of Okabe and Ito, which people with any kind of colour blindness tell apart, and
 * darker ones on white. Labels also differ in how they are underlined.
 */

/** A colour as red, green and blue, from 0 to 255. */
export type Rgb = readonly [number, number, number];

/** A scheme of a page: its background, its text, and the colours of labels. */
export interface Scheme {
  readonly page: Rgb;
  readonly text: Rgb;
  readonly labels: readonly Rgb[];
}

/** How much of a label's colour the background of its text has. */
export const TINT = 0.22;

/** A light page. */
export const LIGHT: Scheme = {
  page: [255, 255, 255],
  text: [20, 22, 26],
  labels: [
    [0, 114, 178],
    [190, 110, 0],
    [0, 138, 100],
    [178, 82, 140],
    [200, 80, 0],
    [40, 130, 185],
    [138, 124, 0],
    [105, 105, 105],
  ],
};

/** A dark page. */
export const DARK: Scheme = {
  page: [20, 22, 26],
  text: [236, 238, 240],
  labels: [
    [60, 150, 215],
    [230, 159, 0],
    [0, 178, 130],
    [214, 137, 178],
    [226, 104, 20],
    [86, 180, 233],
    [240, 228, 66],
    [160, 160, 160],
  ],
};

/** Styles of underlines, as CSS names them. */
export const UNDERLINES: readonly string[] = ['solid', 'dashed', 'double', 'dotted'];

/** The colour and the underline of the label of this number. 32 labels differ from each other. */
export function styleOf(label: number): { readonly colour: number; readonly underline: number } {
  const count = LIGHT.labels.length;
  const underline = (label + Math.floor(label / count)) % UNDERLINES.length;
  return { colour: label % count, underline };
}
