"use strict";

// Commands can be copied. The text is in the page; a button is added because only a script can copy.
function offerCopies() {
  for (const shell of document.querySelectorAll("pre.shell")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    shell.after(button);
  }
  document.addEventListener("click", async event => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const shell = button.previousElementSibling;
    button.textContent = await copied(shell) ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  });
}

// A browser may refuse the clipboard to a file: then the command is left selected for the reader's own hand.
async function copied(shell) {
  try {
    await navigator.clipboard.writeText(shell.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(shell);
    return false;
  }
}

// Points of the front: one that is pointed at or focused shows its network; pressed, also its command.
class Inspector {
  constructor(panel, charts) {
    this.panel = panel;
    this.points = charts.flatMap(chart => [...chart.querySelectorAll("a[data-number]")]);
    this.point = null;
    this.restoring = false;
    for (const chart of charts) this.watch(chart);
    document.addEventListener("keydown", event => {
      if (event.key === "Escape" && this.point) this.close();
    });
    document.addEventListener("pointerdown", event => {
      if (this.pinned && !this.panel.contains(event.target) && !event.target.closest(".chart")) this.hide();
    });
    panel.addEventListener("click", event => {
      if (event.target.closest("button.close")) this.close();
    });
    addEventListener("resize", () => this.hide());
  }

  get pinned() {
    return this.panel.classList.contains("pinned");
  }

  watch(chart) {
    const points = [...chart.querySelectorAll("a[data-number]")];
    chart.classList.add("live");
    for (const point of points) {
      // The browser's own tooltip would lie over ours; the point's name is also in its aria-label.
      point.querySelectorAll("title").forEach(title => title.remove());
      point.setAttribute("aria-haspopup", "dialog");
      point.addEventListener("focus", () => { if (!this.restoring) this.show(point, false); });
      point.addEventListener("blur", () => { if (!this.pinned) this.hide(); });
      point.addEventListener("keydown", event => this.step(event, point, points));
    }
    chart.addEventListener("pointermove", event => {
      if (this.pinned || event.pointerType === "touch") return;
      const near = nearest(points, event);
      chart.classList.toggle("near", near !== null);
      if (near && near !== this.point) this.show(near, false);
      if (!near) this.hide();
    });
    chart.addEventListener("pointerleave", () => { if (!this.pinned) this.hide(); });
    chart.addEventListener("click", event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      // Enter on a focused point is a click without a place.
      const point = event.detail === 0 ? event.target.closest("a[data-number]") : nearest(points, event);
      if (point) this.show(point, true);
      else this.hide();
      event.preventDefault();
    });
  }

  // Left and right go through all points by their cost, also those that Tab skips.
  step(event, point, points) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    const ordered = points.filter(other => !other.matches(".later")).sort((a, b) => middle(a).x - middle(b).x);
    ordered[ordered.indexOf(point) + way]?.focus();
    event.preventDefault();
  }

  show(point, pin) {
    this.hide();
    this.point = point;
    const number = point.dataset.number;
    const card = document.getElementById(`network-${number}`).cloneNode(true);
    card.querySelectorAll("[id]").forEach(element => element.removeAttribute("id"));
    card.removeAttribute("id");
    card.removeAttribute("aria-labelledby");
    this.panel.querySelector(".content").replaceChildren(card);
    this.panel.setAttribute("role", pin ? "dialog" : "tooltip");
    this.panel.setAttribute("aria-label", `Network ${number}`);
    this.panel.classList.toggle("pinned", pin);
    this.panel.hidden = false;
    for (const same of this.same()) same.classList.add("lit");
    point.setAttribute("aria-describedby", this.panel.id);
    this.place(pin);
    if (pin) this.panel.focus({ preventScroll: true });
  }

  // The point of this network in each chart.
  same() {
    return this.points.filter(point => point.dataset.number === this.point?.dataset.number);
  }

  hide() {
    for (const same of this.same()) same.classList.remove("lit");
    this.point?.removeAttribute("aria-describedby");
    this.point = null;
    this.panel.hidden = true;
    this.panel.classList.remove("pinned");
  }

  // Back to where the reader was, without opening again what was just closed.
  close() {
    const point = this.point;
    const within = this.panel.contains(document.activeElement);
    this.hide();
    if (!within) return;
    this.restoring = true;
    point.focus({ preventScroll: true });
    this.restoring = false;
  }

  // Beside the point where there is room, inside the window; narrow windows have it at their lower edge (CSS).
  place(pin) {
    const { style } = this.panel;
    style.left = style.top = "";
    const at = middle(this.point), gap = 18, edge = 8;
    const { top, width, height } = this.panel.getBoundingClientRect();
    if (getComputedStyle(this.panel).position === "fixed") {
      if (pin && at.y > top - gap) scrollBy({ top: at.y - top + 2 * gap });
      return;
    }
    const { clientWidth, clientHeight } = document.documentElement;
    const right = at.x + gap, left = at.x - gap - width;
    const x = right + width + edge <= clientWidth || left < edge ? right : left;
    const y = Math.max(edge, Math.min(at.y - height / 3, clientHeight - height - edge));
    style.left = `${Math.max(edge, Math.min(x, clientWidth - width - edge)) + scrollX}px`;
    style.top = `${y + scrollY}px`;
  }
}

function middle(point) {
  const { left, right, top, bottom } = point.querySelector(".sign").getBoundingClientRect();
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

// Dots are small and crowded: the nearest one within a finger's breadth is meant.
function nearest(points, event) {
  let found = null, least = 24;
  for (const point of points) {
    if (point.matches(".later")) continue;
    const { x, y } = middle(point);
    const distance = Math.hypot(x - event.clientX, y - event.clientY);
    if (distance < least) [found, least] = [point, distance];
  }
  return found;
}

offerCopies();
const panel = document.getElementById("inspector");
const inspector = panel && new Inspector(panel, [...document.querySelectorAll("#exploration svg.chart[role=group]")]);
