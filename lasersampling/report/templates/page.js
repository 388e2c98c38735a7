"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, kind, text = "") => {
    const node = document.createElement(name);
    if (kind) node.className = kind;
    node.textContent = text;
    return node;
  };
  const data = (node) => JSON.parse(node.textContent);
  const speak = (text) => { document.getElementById("spoken").textContent = text; };
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  document.documentElement.classList.add("scripted");

  // Values of figures, under the pointer or by arrow keys.
  const fraction = (axis, value) => {
    const [v, a, b] = axis.log ? [value, axis.low, axis.high].map(Math.log) : [value, axis.low, axis.high];
    return (v - a) / (b - a);
  };
  const nearest = (values, wanted, axis) => {
    let best = -1, least = Infinity;
    values.forEach((value, k) => {
      const away = Math.abs(fraction(axis, value) - wanted);
      if (away < least) { least = away; best = k; }
    });
    return [best, least];
  };
  const withReadings = (layer) => {
    const panels = data(layer.parentNode.querySelector(".values"));
    let panel = 0, place = 0.5;
    const clear = () => layer.replaceChildren();
    const show = (aloud) => {
      const one = panels[panel];
      let x = null, closest = Infinity;
      one.series.forEach((series) => {
        const [k, away] = nearest(series.x, place, one.x);
        if (k >= 0 && away < closest) { closest = away; x = series.x[k]; }
      });
      clear();
      const said = x === null ? "" : mark(one, x);
      if (aloud && said) speak(said);
    };
    const mark = (one, x) => {
      const [left, top, right, bottom] = one.box;
      const across = fraction(one.x, x);
      if (across < -0.001 || across > 1.001) return "";
      const at = left + across * (right - left);
      const cross = make("div", "cross");
      cross.style.cssText = `left:${100 * at}%;top:${100 * top}%;height:${100 * (bottom - top)}%`;
      const tip = make("div", "tip"), said = [];
      const named = one.names[String(Math.round(x))], steps = Object.keys(one.names).length > 0;
      const reach = steps ? 0.5 / Math.abs(one.x.high - one.x.low) : 0.02;
      tip.append(make("b", "", named !== undefined && named !== "" ? `${one.x.label}: ${named}` : `${one.x.label}: ${x}`));
      one.series.forEach((series) => {
        const [k, away] = nearest(series.x, across, one.x);
        if (k < 0 || away > reach) return;
        const y = series.y[k], up = fraction(one.y, y);
        const line = make("div"), mark = make("i");
        mark.style.background = series.colour;
        line.append(mark, `${series.label || one.y.label}: ${y}`);
        tip.append(line);
        said.push(`${series.label} ${y}`);
        if (up >= 0 && up <= 1) {
          const dot = make("div", "dot");
          dot.style.cssText = `left:${100 * at}%;top:${100 * (bottom - up * (bottom - top))}%;background:${series.colour}`;
          layer.append(dot);
        }
      });
      tip.style.cssText = `top:${100 * top}%;` + (at > 0.5 ? `right:${100 * (1 - at) + 1}%` : `left:${100 * at + 1}%`);
      layer.append(cross, tip);
      return `${one.x.label} ${named || x}: ${said.join(", ")}`;
    };
    const step = (forward) => {
      const one = panels[panel];
      const places = one.series.flatMap((series) => series.x.map((x) => fraction(one.x, x)))
        .filter((p) => p >= 0 && p <= 1 && (forward ? p > place + 1e-6 : p < place - 1e-6));
      if (places.length) place = forward ? Math.min(...places) : Math.max(...places);
    };
    layer.addEventListener("pointermove", (event) => {
      const frame = layer.getBoundingClientRect();
      const x = (event.clientX - frame.left) / frame.width, y = (event.clientY - frame.top) / frame.height;
      const found = panels.findIndex(({ box }) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
      if (found < 0) return clear();
      panel = found;
      const [left, , right] = panels[panel].box;
      place = (x - left) / (right - left);
      show(false);
    });
    layer.addEventListener("pointerleave", clear);
    layer.addEventListener("blur", clear);
    layer.addEventListener("keydown", (event) => {
      const turn = { ArrowLeft: -1, ArrowRight: 1 }[event.key], other = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (event.key === "Escape") return clear();
      if (!turn && !other) return;
      event.preventDefault();
      if (other) panel = (panel + other + panels.length) % panels.length; else step(turn > 0);
      show(true);
    });
    // A slider over training marks the same epoch in all panels that go over it.
    const range = layer.closest("figure").querySelector("[data-over]");
    if (!range) return;
    const over = panels.filter((one) => one.x.label === range.dataset.over);
    const steps = [...new Set(over.flatMap((one) => one.series.flatMap((series) => series.x)))].sort((a, b) => a - b);
    range.max = steps.length - 1;
    range.value = range.max;
    const output = range.parentNode.querySelector("output");
    const tell = () => {
      output.textContent = steps[Number(range.value)];
      range.setAttribute("aria-valuetext", `${range.dataset.over} ${output.textContent}`);
    };
    range.addEventListener("input", () => {
      clear();
      tell();
      const said = over.map((one) => mark(one, steps[Number(range.value)]));
      speak(said.join("; "));
    });
    tell();
  };
  all(".readings").forEach(withReadings);

  // Enlarged pictures and figures.
  const viewer = document.getElementById("viewer"), stage = viewer.querySelector(".stage");
  let shown = [], number = 0, zoom = 1;
  const MOST = 6;
  const enlarge = (by) => {
    const picture = stage.firstElementChild, before = zoom;
    const middle = [stage.scrollLeft + stage.clientWidth / 2, stage.scrollTop + stage.clientHeight / 2];
    zoom = clamp(zoom * by, 1, MOST);
    picture.style.cssText = zoom > 1 ? `width:${100 * zoom}%;max-width:none;max-height:none` : "";
    stage.classList.toggle("zoomed", zoom > 1);
    stage.scrollTo(middle[0] * zoom / before - stage.clientWidth / 2, middle[1] * zoom / before - stage.clientHeight / 2);
    viewer.querySelector(".smaller").disabled = zoom <= 1;
    viewer.querySelector(".larger").disabled = zoom >= MOST;
  };
  const view = () => {
    const [source, caption, kind] = shown[number], picture = make("img");
    picture.src = source;
    picture.alt = caption;
    stage.className = `stage ${kind}`;
    stage.replaceChildren(picture);
    viewer.querySelector(".caption").textContent = kind === "drawing" ? "" : `${caption} (${number + 1} of ${shown.length})`;
    all(".before, .after", viewer).forEach((button) => { button.hidden = shown.length < 2; });
    enlarge(0);
  };
  const open = (list, first) => {
    shown = list;
    number = first;
    view();
    viewer.showModal();
    // A figure as wide as a telephone is too small to be read.
    if (list[0][2] === "drawing" && stage.clientWidth < 640) {
      enlarge(800 / stage.clientWidth);
      stage.scrollTo(0, 0);
    }
  };
  const turn = (by) => { number = (number + by + shown.length) % shown.length; view(); };
  all(".shots").forEach((shots) => shots.addEventListener("click", (event) => {
    const button = event.target.closest(".shot");
    if (!button) return;
    const buttons = all(".shot", shots).filter((one) => one.offsetParent);
    open(buttons.map((one) => [one.firstElementChild.src, one.dataset.caption, "pixelated"]), buttons.indexOf(button));
  }));
  all(".enlarge").forEach((button) => button.addEventListener("click", () => {
    const picture = button.closest("figure").querySelector("img");
    open([[picture.src, picture.alt, "drawing"]], 0);
  }));
  viewer.querySelector(".before").addEventListener("click", () => turn(-1));
  viewer.querySelector(".after").addEventListener("click", () => turn(1));
  viewer.querySelector(".smaller").addEventListener("click", () => enlarge(1 / 1.5));
  viewer.querySelector(".larger").addEventListener("click", () => enlarge(1.5));
  stage.addEventListener("dblclick", () => enlarge(zoom > 1 ? 0 : 2.25));
  viewer.querySelector(".close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") enlarge(1.5);
    if (event.key === "-") enlarge(1 / 1.5);
    if (zoom > 1) return; // arrow keys move what is larger than the window
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });

  const withPlay = (range) => {
    const button = make("button", "play", "Play");
    button.type = "button";
    let timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; button.textContent = "Play"; };
    const go = (value) => { range.value = value; range.dispatchEvent(new Event("input")); };
    button.addEventListener("click", () => {
      if (timer) return stop();
      button.textContent = "Stop";
      if (range.value === range.max) go(0);
      timer = setInterval(() => {
        if (range.value === range.max) return stop();
        go(Number(range.value) + 1);
      }, 250);
    });
    range.addEventListener("pointerdown", stop);
    range.before(button);
  };

  // The distribution over sampling time.
  all(".slider").forEach((figure) => {
    const found = data(figure.querySelector(".frames")), bars = figure.querySelector(".bars");
    const most = Math.max(...found.target, ...found.frames[found.frames.length - 1].sampled) * 1.08;
    const scale = figure.querySelector(".scale"), unit = 10 ** Math.floor(Math.log10(most));
    const tick = [0.2, 0.5, 1, 2].map((digit) => digit * unit).find((one) => most / one <= 5) || most;
    for (let k = 0; k * tick <= most; k += 1) {
      const line = make("span", "", String(Number((k * tick).toPrecision(3))));
      line.style.bottom = `${100 * k * tick / most}%`;
      scale.append(line);
    }
    const names = make("div", "names");
    names.setAttribute("aria-hidden", "true");
    const columns = found.target.map((p, k) => {
      const column = make("span"), bar = make("b"), mark = make("i");
      mark.style.bottom = `${100 * p / most}%`;
      column.append(bar, mark);
      bars.append(column);
      names.append(make("span", "", found.names[k]));
      return [column, bar];
    });
    bars.after(names);
    const range = figure.querySelector("input"), output = figure.querySelector("output");
    const draw = () => {
      const frame = found.frames[Number(range.value)];
      frame.sampled.forEach((p, k) => {
        columns[k][1].style.height = `${clamp(100 * p / most, 0, 100)}%`;
        columns[k][0].title = `state ${found.names[k]}: sampled ${p}, target ${found.target[k]}`;
      });
      output.textContent = `${frame.label} · D_KL(sampled ‖ target) = ${frame.kl} nats`;
      range.setAttribute("aria-valuetext", output.textContent);
    };
    range.addEventListener("input", draw);
    draw();
    withPlay(range);
  });

  // Completions as they form.
  all(".forming").forEach((figure) => {
    const times = JSON.parse(figure.dataset.times), range = figure.querySelector("input");
    const draw = () => {
      all(".pair", figure).forEach((pair) => all(".frame", pair).forEach((frame, k) => { frame.hidden = k !== Number(range.value); }));
      figure.querySelector("output").textContent = `${times[Number(range.value)]} ns`;
      range.setAttribute("aria-valuetext", `${times[Number(range.value)]} nanoseconds`);
    };
    range.addEventListener("input", draw);
    draw();
    withPlay(range);
  });

  all(".copy").forEach((button) => button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.parentNode.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.parentNode.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Selected";
    }
  }));
})();
