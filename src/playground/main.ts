/** The playground: a page that trains in front of the reader. Works from file://; everything is in the one file it is built into. */
import {
  type ContourGrid,
  describeOptions,
  type Energy,
  energyByName,
  energyGrid,
  figureCss,
  init,
  paletteCss,
  version,
} from "../index.js";
import { download, element } from "./elements.js";
import { type JobResult, presetFor, runJob } from "./job.js";
import { npzOf, reportOf, showEnergies, showLoss, showMetrics, showSamples, showWeights } from "./pictures.js";

const form = element<HTMLFormElement>("controls");
const method = element<HTMLSelectElement>("method");
const steps = element<HTMLInputElement>("steps");
const seed = element<HTMLInputElement>("seed");
const count = element<HTMLInputElement>("count");
const train = element<HTMLButtonElement>("train");
const abort = element<HTMLButtonElement>("abort");
const saveSamples = element<HTMLButtonElement>("save-samples");
const saveReport = element<HTMLButtonElement>("save-report");
const bar = element<HTMLProgressElement>("bar");
const status = element("status");

let running: AbortController | undefined;
let finished: JobResult | undefined;

function say(text: string, isError = false): void {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

function setRunning(on: boolean): void {
  train.disabled = on;
  abort.disabled = !on;
  for (const input of [method, steps, seed, count]) input.disabled = on;
  for (const button of [saveSamples, saveReport]) button.disabled = on || !finished;
}

async function run(energy: Energy, contour: ContourGrid | undefined): Promise<void> {
  const controller = new AbortController();
  running = controller;
  finished?.trainer.dispose();
  finished = undefined;
  setRunning(true);
  try {
    const settings = { method: method.value, steps: Number(steps.value), seed: Number(seed.value), count: Number(count.value) };
    const result = await runJob(
      energy,
      { ...settings, signal: controller.signal },
      {
        onStep(info, trainer) {
          bar.value = info.step / info.steps;
          say(`step ${info.step} of ${info.steps}, loss ${info.loss.toPrecision(3)}, ${Math.ceil(info.secondsLeft)} s left`);
          showLoss(trainer);
        },
        onPreview(sample) {
          showSamples(sample, contour, "Samples so far", `A look at ${sample.x.n} raw samples during training.`);
        },
        onPhase(name, fraction) {
          if (fraction > 0) bar.value = fraction;
          say(`${name} …`);
        },
      },
    );
    finished = result;
    showSamples(result.raw, contour, "Raw samples", `${result.raw.x.n} samples.`);
    showEnergies(energy, result, settings.seed);
    showWeights(result);
    showMetrics(result);
    const { training, sampling } = result.timings;
    const { backend, reason } = result.trainer.backend;
    const { notice } = result.trainer;
    const seconds = `${training.toFixed(1)} s of training, ${sampling.toFixed(1)} s of sampling`;
    say(`Done: ${seconds}. Backend ${backend}: ${reason}.${notice === undefined ? "" : ` ${notice}.`}`);
  } catch (error) {
    if (controller.signal.aborted) say("Aborted.");
    else say(error instanceof Error ? error.message : String(error), true);
  } finally {
    running = undefined;
    setRunning(false);
  }
}

function fillControls(): void {
  const field = describeOptions("train").find(({ key }) => key === "method");
  for (const name of field?.choices ?? []) method.append(new Option(name, name));
  const defaultSteps = () => {
    steps.value = String(
      presetFor(method.value).steps ?? describeOptions("train").find(({ key }) => key === "steps")?.default ?? 1500,
    );
  };
  method.addEventListener("change", defaultSteps);
  defaultSteps();
}

async function start(): Promise<void> {
  const style = document.createElement("style");
  style.textContent = paletteCss(":root") + figureCss;
  document.head.append(style);
  fillControls();
  await init();
  const energy = energyByName("gmm40");
  const exact = energy.exact?.sample(2000, 0);
  const contour = energyGrid(energy, exact ? [exact] : []);
  if (exact) showSamples({ x: exact }, contour, "Exact draws", "What a perfect sampler would give. Press Train.");
  element("about").textContent = `bnem ${version}. Coordinates in the target's own units, energies in kT; lower is likelier.`;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) void run(energy, contour);
  });
  abort.addEventListener("click", () => running?.abort());
  saveSamples.addEventListener("click", () => {
    if (finished) download("samples.npz", npzOf(finished.weighted ?? finished.raw), "application/octet-stream");
  });
  saveReport.addEventListener("click", () => {
    if (finished) download("report.html", reportOf(energy, finished), "text/html");
  });
}

start().catch((error: unknown) => say(error instanceof Error ? error.message : String(error), true));
