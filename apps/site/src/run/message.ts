/** What the frame of a program tells the page around it. */
export type FrameMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'printed'; readonly line: string }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly reason: string };
