import { beforeEach, describe, expect, it } from "vitest";
import { Channel } from "../rpc/channel";
import { setManagerLine } from "./line";
import { applyPlan, forgetJob, heardProgress, planChange, repair, useModules } from "./modules";

type Answer = (params: unknown) => unknown;

/** A manager that answers as the test says, and remembers what it was asked. */
class Manager extends Channel {
  readonly asked: string[] = [];

  constructor(private readonly answers: Readonly<Record<string, Answer>>) {
    super({
      open: () => {
        throw new Error("this manager is not dialled");
      },
      greet: async () => {},
      onNotification: () => {},
      onState: () => {},
      longestPause_ms: 1,
      newId: () => "x",
    });
  }

  override async call(method: string, params: object): Promise<unknown> {
    this.asked.push(method);
    return this.answers[method]?.(params) ?? {};
  }
}

const ADD = { install: [{ package: "numpy" }] };
const PLAN = { added: [{ name: "numpy", version: "2.1" }], live: true };

function manager(answers: Readonly<Record<string, Answer>>): Manager {
  const made = new Manager(answers);
  setManagerLine(made);
  return made;
}

beforeEach(() => {
  useModules.setState({ catalog: null, statement: "", job: null });
});

const phase = () => useModules.getState().job?.phase;

describe("a change of an environment", () => {
  it("is planned, and made only when the user says so", async () => {
    const { asked } = manager({ plan: () => PLAN });
    await planChange("w", ADD);
    expect([phase(), asked]).toEqual(["planned", ["plan"]]);
    expect(useModules.getState().job?.plan?.lines).toMatchObject([{ kind: "added", name: "numpy" }]);
    await applyPlan();
    expect([phase(), asked]).toEqual(["ready", ["plan", "apply", "catalog"]]);
  });

  it("that cannot be says why", async () => {
    manager({
      plan: () => {
        throw new Error("there is no package of this name");
      },
    });
    await planChange("w", ADD);
    expect([phase(), useModules.getState().job?.lines]).toEqual([
      "failed",
      ["there is no package of this name"],
    ]);
  });

  it("tells its progress, and nobody else's", async () => {
    manager({
      plan: () => PLAN,
      apply: () => {
        heardProgress({ workerid: "w", message: "Downloading", progress: 0.3 });
        heardProgress({ workerid: "other", message: "Something else", progress: 0.9 });
        expect(useModules.getState().job).toMatchObject({ lines: ["Downloading"], fraction: 0.3 });
        return {};
      },
    });
    await planChange("w", ADD);
    await applyPlan();
    expect(useModules.getState().job?.lines).toEqual(["Downloading", "Done."]);
  });

  it("is left alone when the user does not want it", async () => {
    const { asked } = manager({ plan: () => PLAN });
    await planChange("w", ADD);
    forgetJob();
    await applyPlan();
    expect([useModules.getState().job, asked]).toEqual([null, ["plan"]]);
  });

  it("repairs, and says what was damaged", async () => {
    manager({ repair: () => ({ damaged: { numpy: ["a.py"] } }) });
    await repair("w");
    expect([phase(), useModules.getState().job?.lines.at(-1)]).toEqual([
      "ready",
      "Damaged files were found in numpy and replaced.",
    ]);
  });
});
