// The head of a dashboard: its title and star, buttons, and a menu; and what showing.js looks after.
//
// `data`: title, description, star ({on, label}, or null), buttons and menu (each {name, label, icon, link, bare, hint}), watch (what
// showing.js takes). It tells `did`, the name of what was pressed; what has a link leads there, and tells nothing.

import showing from "./showing.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export default function ({ data, parentElement, setTriggerValue }) {
  const head = (parentElement.nexusHead ??= new Head(parentElement));
  head.update(data, (name) => setTriggerValue("did", name));
  const stop = showing({ data: data.watch, parentElement: head.pause, setTriggerValue });
  return () => {
    stop();
    head.root.remove();
    delete parentElement.nexusHead;
  };
}

class Head {
  constructor(parent) {
    this.root = made("div", "nexus-head");
    this.title = made("h1", "nexus-head-title");
    this.spring = made("span", "nexus-head-spring");
    this.pause = made("span", "nexus-head-pause");
    this.description = made("p", "nexus-head-description");
    this.menu = new Menu((name) => this.tell(name));
    this.parts = new Map();
    parent.append(this.root);
  }

  // What was there stays the same element: who is on it stays there.
  update({ title, description, star, buttons, menu }, tell) {
    this.tell = tell;
    this.title.textContent = title;
    this.description.textContent = description;
    this.menu.update(menu);
    place(this.root, [
      this.title,
      ...(star ? [this.star(star)] : []),
      this.spring,
      this.pause,
      ...buttons.map((deed) => this.button(deed)),
      ...(menu.length ? [this.menu.button, this.menu.list] : []),
      ...(description ? [this.description] : []),
    ]);
  }

  star({ on, label }) {
    const button = this.button({ name: "star", label, icon: on ? "star" : "star_outline", bare: true });
    button.classList.add("nexus-star");
    button.classList.toggle("nexus-set", on);
    return button;
  }

  button(deed) {
    const button = this.parts.get(deed.name) ?? made(deed.link ? "a" : "button", `nexus-deed nexus-deed-${deed.name}`);
    this.parts.set(deed.name, button);
    button.classList.toggle("nexus-bare", Boolean(deed.bare));
    label(button, deed);
    if (deed.link) Object.assign(button, { href: deed.link, target: "_blank", rel: "noreferrer" });
    else button.onclick = () => this.tell(deed.name);
    return button;
  }
}

class Menu {
  constructor(tell) {
    this.tell = tell;
    this.button = made("button", "nexus-deed nexus-bare nexus-deed-more");
    this.list = made("div", "nexus-menu");
    this.list.popover = "auto";
    this.list.setAttribute("role", "menu");
    this.list.setAttribute("aria-label", "More");
    this.button.popoverTargetElement = this.list;
    this.button.setAttribute("aria-haspopup", "menu");
    label(this.button, { label: "More", icon: "more_horiz" });
    this.list.addEventListener("toggle", ({ newState }) => this.toggled(newState === "open"));
    this.list.addEventListener("keydown", (event) => this.press(event));
  }

  update(entries) {
    // An open menu is not drawn anew under somebody's hand.
    const said = JSON.stringify(entries);
    if (said === this.said) return;
    this.said = said;
    this.list.replaceChildren(...entries.map((entry) => this.entry(entry)));
  }

  entry(deed) {
    const item = made("button", "nexus-entry");
    item.setAttribute("role", "menuitem");
    item.tabIndex = -1;
    label(item, deed);
    item.onclick = () => {
      this.list.hidePopover();
      this.tell(deed.name);
    };
    return item;
  }

  toggled(open) {
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const { bottom, right } = this.button.getBoundingClientRect();
    const left = Math.max(8, Math.min(right, innerWidth - 8) - this.list.offsetWidth);
    Object.assign(this.list.style, { left: `${left}px`, top: `${bottom + 4}px` });
    this.list.firstElementChild?.focus();
  }

  press(event) {
    const items = [...this.list.children];
    const at = items.indexOf(document.activeElement);
    const to = { Home: 0, End: items.length - 1 }[event.key] ?? (event.key in STEPS ? (at + STEPS[event.key] + items.length) % items.length : -1);
    if (event.key === "Tab") this.list.hidePopover();
    if (to < 0) return;
    event.preventDefault();
    items[to].focus();
  }
}

function made(tag, classes) {
  const element = document.createElement(tag);
  element.className = classes;
  if (tag === "button") element.type = "button";
  return element;
}

// An icon and words; where only the icon is seen, the words are still there for those who listen, and as a hint.
function label(element, { label, icon, bare, hint }) {
  const said = `${icon} ${label}`;
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  const sign = made("span", "nexus-icon");
  sign.setAttribute("aria-hidden", "true");
  sign.translate = false;
  sign.textContent = icon;
  const words = made("span", "nexus-words");
  words.textContent = label;
  element.replaceChildren(sign, words);
  if (hint || bare) element.title = hint || label;
}

// Make `wanted` the children of `parent`, in this order; what stays in its place is not touched.
function place(parent, wanted) {
  for (const one of [...parent.children]) if (!wanted.includes(one)) one.remove();
  wanted.forEach((one, at) => {
    if (parent.children[at] !== one) parent.insertBefore(one, parent.children[at] ?? null);
  });
}
