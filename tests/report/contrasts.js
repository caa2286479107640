// Every text of the page against what lies behind its middle, in a window so high that nothing has to be
// scrolled: [texts, those found where they are drawn, those with too little contrast].
(() => {
  const parse = text => {
    const numbers = (text.match(/[\d.]+/g) || []).map(Number);
    return numbers.length === 3 ? [...numbers, 1] : numbers.length === 4 ? numbers : [0, 0, 0, 0];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => a * c + (1 - a) * below[i]);
  const light = color => {
    const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = color.map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    const style = getComputedStyle(element);
    if (!(element instanceof SVGElement)) return parse(style.backgroundColor);
    if (!/^(rect|circle|path|polygon)$/.test(element.tagName) || style.fill === "none") return [0, 0, 0, 0];
    const [r, g, b, a] = parse(style.fill);
    return [r, g, b, a * style.fillOpacity * style.opacity];
  };
  document.querySelectorAll("details").forEach(details => { details.open = true; });
  document.querySelectorAll(".tall").forEach(box => { box.style.maxHeight = "none"; });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = [], weak = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || /^(script|title)$/i.test(element.tagName)) continue;
    if (!element.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getClientRects()[0];
    if (!box || box.width < 2) continue;
    const stack = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const place = stack.indexOf(element);
    const behind = [];
    if (place >= 0) behind.push(...stack.slice(place));
    else for (let e = element; e; e = e.parentElement) behind.push(e);
    const style = getComputedStyle(element);
    const paper = behind.reverse().reduce((below, e) => over(ground(e), below), [255, 255, 255]);
    const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), paper);
    const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    seen.push(place >= 0);
    const colours = `${ink.map(Math.round)} on ${paper.map(Math.round)}`;
    if (ratio < 4.5) weak.push(`${node.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}, ${colours}`);
  }
  return [seen.length, seen.filter(Boolean).length, weak];
})()
