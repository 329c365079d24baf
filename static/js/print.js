// Buttons that print the page; the print styles leave the navigation out.

export function printOnClick() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
}
