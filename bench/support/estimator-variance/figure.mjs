/** One picture per task: standard deviation and bias of each estimator against sigma, and the reference's own error, one below the other. */
import { curveFigure, standaloneSvg } from "bnem";

const words = {
  iid: "plain",
  antithetic: "antithetic",
  lattice: "lattice",
  shifted: "shifted",
  laplace: "Laplace",
  perParticle: "per particle",
  bootstrapped: "bootstrapped, exact teacher",
};

function panel(title, yLabel, series) {
  return curveFigure({ title, xLabel: "sigma", yLabel, series, logX: true, logY: true }, { markers: true }).svg;
}

/** The panels stacked into one figure. */
function stacked(panels, title) {
  let top = 0;
  let inner = "";
  let width = 0;
  for (const svg of panels) {
    const [, w, h] = svg.match(/viewBox="0 0 ([\d.]+) ([\d.]+)"/).map(Number);
    inner += `<svg y="${top}" width="${w}" height="${h}"${svg.slice(svg.indexOf(" viewBox"))}`;
    top += h;
    width = w;
  }
  return standaloneSvg(`<svg class="fig" viewBox="0 0 ${width} ${top}" role="img" aria-label="${title}">${inner}</svg>`);
}

/** `result` as the bench writes it for one task; only levels with a converged reference have a bias. */
export function taskFigure(name, result, drawn) {
  const { sigmas, K, estimators, reference } = result;
  const lines = (of) => drawn.map((key) => ({ label: words[key], x: sigmas, ...of(estimators[key]) }));
  const title = `${name}, K = ${K}`;
  const panels = [
    panel(
      `${title}: standard deviation of the target`,
      "kT",
      lines(({ sd }) => ({ y: sd })),
    ),
    panel(
      `${title}: bias, absolute`,
      "kT",
      lines(({ bias, biasError }) => ({ y: bias.map(Math.abs), standardError: biasError })),
    ),
    panel("Standard error of the reference", "kT", [{ label: reference.method, x: sigmas, y: reference.error }]),
  ];
  return stacked(panels, `${title}: standard deviation and bias against sigma`);
}
