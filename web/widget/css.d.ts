/** A style sheet as text, for a part that is loaded later and adopts it (the frame's policy forbids inline styles). */
declare module "*.css?inline" {
  const css: string;
  export default css;
}
