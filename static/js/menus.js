// Dialogs open from links that also lead to a page; menus close by Escape and by a click elsewhere.

export function openDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openMenus().forEach(close);
    dialog.showModal();
  });
}

export function closeMenus() {
  document.addEventListener("click", (event) => openMenus().filter((menu) => !menu.contains(event.target)).forEach(close));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      close(menu);
      menu.querySelector("summary").focus();
    }
  });
}

function openMenus() {
  return [...document.querySelectorAll("details.menu-box[open]")];
}

function close(menu) {
  menu.open = false;
}
