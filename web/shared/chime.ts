/** The sound of news: two soft notes, made by the browser itself, in less than 300 ms. */
const NOTES = [
  { hertz: 659.3, after: 0 },
  { hertz: 880, after: 0.09 },
] as const;
/** Seconds. */
const LENGTH = 0.18;
const ATTACK = 0.015;
/** Of what the loudspeaker gives; half the notes' sum stays far from clipping. */
const LOUDNESS = 0.08;

let context: AudioContext | undefined;

/** Sounds once; not at all before anybody has touched the page, as browsers have it. */
export async function chime(): Promise<void> {
  if (!navigator.userActivation.hasBeenActive) return;
  context ??= new AudioContext();
  if (context.state === "suspended") await context.resume();
  for (const { hertz, after } of NOTES) {
    const start = context.currentTime + after;
    const note = new OscillatorNode(context, { type: "sine", frequency: hertz });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(LOUDNESS, start + ATTACK);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH);
    note.connect(volume).connect(context.destination);
    note.start(start);
    note.stop(start + LENGTH);
  }
}
