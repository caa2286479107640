
// The exploration as it was when a network was proposed: points that came later are hidden, and the generator
// is that of then. The page itself shows the last moment.
class History {
  constructor(box, inspector) {
    this.inspector = inspector;
    this.steps = JSON.parse(box.dataset.steps);
    this.moments = JSON.parse(box.dataset.moments);
    this.slider = box.querySelector("#moment");
    this.number = box.querySelector(".moment .number");
    this.told = box.querySelector(".told");
    this.now = box.querySelector(".now");
    this.proposed = box.querySelector(".proposed");
    this.learned = [...box.querySelectorAll(".learned")];
    this.decisions = [...box.querySelectorAll(".chances li")].map(row => new Chances(row));
    this.fronts = [...box.querySelectorAll("svg.chart[role=group]")].map(chart => new Front(chart));
    this.slider.addEventListener("input", () => this.show());
    box.querySelector(".moment").hidden = false;
    this.show();
  }

  show() {
    const place = Number(this.slider.value);
    const [number, bestNumber, best, entropy, moment, x] = this.steps[place];
    this.inspector.hide();
    for (const front of this.fronts) front.show(number);
    this.number.textContent = number;
    this.slider.setAttribute("aria-valuetext", `network ${number}`);
    this.now.setAttribute("transform", `translate(${x})`);
    for (const part of this.learned) part.classList.toggle("unborn", moment === null);
    if (moment !== null) {
      this.proposed.textContent = this.moments[moment];
      for (const decision of this.decisions) decision.show(moment);
    }
    const accuracy = best === null ? "none has an accuracy" :
      `the best has ${best.toFixed(1)}\u00a0% on validation (network ${bestNumber})`;
    const generator = entropy === null ? "there is no generator yet" :
      `the generator's entropy is ${entropy.toFixed(3)}`;
    this.told.textContent = `${place + 1} of ${this.steps.length} networks: ${accuracy}; ${generator}.`;
  }
}

// The points of one chart and the line of the best seen up to a cost.
class Front {
  constructor(chart) {
    this.points = [...chart.querySelectorAll("a[data-number]")];
    this.line = chart.querySelector("path.front");
    if (this.line) {
      const { x, width } = this.line.getBBox();
      this.end = x + width;
    }
  }

  show(number) {
    for (const point of this.points) point.classList.toggle("later", Number(point.dataset.number) > number);
    if (!this.line) return;
    const known = this.points.filter(point => !point.matches(".later"))
      .flatMap(point => [...point.querySelectorAll("circle.sign")])
      .map(({ cx, cy }) => ({ x: cx.baseVal.value, y: cy.baseVal.value }))
      .sort((a, b) => a.x - b.x || a.y - b.y);
    let path = "", highest = Infinity;
    for (const { x, y } of known) {
      if (y >= highest) continue;
      path += path ? `H${x}V${y}` : `M${x} ${y}`;
      highest = y;
    }
    this.line.setAttribute("d", path && `${path}H${this.end}`);
  }
}

// One decision: the pieces of its bar, and its likeliest value in words.
class Chances {
  constructor(row) {
    this.percents = JSON.parse(row.dataset.percents);
    this.likeliest = row.querySelector(".likeliest");
    this.bar = row.querySelector(".pieces");
    this.pieces = [...this.bar.children];
  }

  show(moment) {
    const percents = this.percents[moment];
    const most = percents.indexOf(Math.max(...percents));
    const words = this.pieces.map((piece, place) => `${piece.title} at ${percents[place]}\u00a0%`);
    this.pieces.forEach((piece, place) => {
      piece.style.width = `${percents[place]}%`;
      piece.classList.toggle("most", place === most);
    });
    this.likeliest.textContent = words[most];
    this.bar.setAttribute("aria-label", words.join(", "));
  }
}

const box = document.querySelector("[data-steps]");
if (box) new History(box, inspector);
