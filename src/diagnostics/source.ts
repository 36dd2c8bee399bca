/** A policy file's text, kept so that every error and verdict can show the line it speaks of. */
export interface SourceText {
  /** The path as the user gave it. */
  readonly path: string;
  readonly text: string;
}
