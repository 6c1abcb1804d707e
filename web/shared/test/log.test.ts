import { describe, expect, it } from "vitest";
import { ConversationLog, notYetLogged } from "../log";
import { message } from "./fakes";

function logWithQuestions() {
  const asked: number[] = [];
  return { asked, log: new ConversationLog("c1", (after) => asked.push(after)) };
}

const seqs = (log: ConversationLog) => log.entries.map((entry) => entry.seq);
const synced = (last_seq: number) => ({ type: "synced", conversation_id: "c1", last_seq }) as const;

describe("an entry that comes", () => {
  it("is shown when it is the next one", () => {
    const { log, asked } = logWithQuestions();
    expect(log.receive(message(1))).toEqual([message(1)]);
    expect(log.receive(message(2))).toEqual([message(2)]);
    expect(seqs(log)).toEqual([1, 2]);
    expect(asked).toEqual([]);
  });

  it("is dropped when the cursor is past it", () => {
    const { log } = logWithQuestions();
    log.receive(message(1));
    expect(log.receive(message(1, { text: "again" }))).toEqual([]);
    expect(log.entries).toEqual([message(1)]);
  });

  it("waits behind a gap, for which the log is read once", () => {
    const { log, asked } = logWithQuestions();
    log.receive(message(1));
    expect(log.receive(message(4))).toEqual([]);
    expect(log.receive(message(5))).toEqual([]);
    expect(seqs(log)).toEqual([1]);
    expect(asked).toEqual([1]);
  });

  it("fills the gap and brings along what waited, in order", () => {
    const { log } = logWithQuestions();
    log.receive(message(3));
    log.receive(message(1));
    expect(log.receive(message(2)).map((entry) => entry.seq)).toEqual([2, 3]);
    expect(seqs(log)).toEqual([1, 2, 3]);
  });
});

describe("the end of a replay", () => {
  it("asks again for what is still missing when the replay brought something", () => {
    const { log, asked } = logWithQuestions();
    log.receive(message(5));
    log.receive(message(1));
    log.synced(synced(5));
    expect(asked).toEqual([0, 1]);
  });

  it("does not repeat a question that brought nothing", () => {
    const { log, asked } = logWithQuestions();
    log.receive(message(5));
    log.synced(synced(5));
    expect(asked).toEqual([0]);
  });

  it("lets a later gap ask anew", () => {
    const { log, asked } = logWithQuestions();
    log.receive(message(2));
    log.receive(message(1));
    log.synced(synced(2));
    log.receive(message(4));
    expect(asked).toEqual([0, 2]);
  });
});

describe("a new connection", () => {
  it("asks for everything after the cursor, even when the old one left a question open", () => {
    const { log, asked } = logWithQuestions();
    log.receive(message(1));
    log.receive(message(3));
    log.resume(3);
    expect(asked).toEqual([1, 1]);
  });

  it("asks nothing when the server has nothing more", () => {
    const { log, asked } = logWithQuestions();
    log.receive(message(1));
    log.resume(1);
    expect(asked).toEqual([]);
  });
});

describe("own messages", () => {
  it("are shown after the log until the log holds them", () => {
    const own = [{ id: "m2" }, { id: "mine" }];
    expect(notYetLogged([message(1), message(2)], own)).toEqual([{ id: "mine" }]);
  });
});
