// The entrance: what htmx and HTML cannot do, each in a module of its own.
import { followSwaps } from "./announce.js";
import { copyOnClick } from "./copy.js";
import { showRequestTroubles, signRequests } from "./requests.js";
import { countCharacters, countDown } from "./counters.js";
import { keepFoldsOpen } from "./folds.js";
import { closeMenus, openDialogs } from "./menus.js";
import { listenToKeys } from "./keyboard.js";
import { printOnClick } from "./print.js";
import { chooseRows } from "./selection.js";
import { switchTheme } from "./theme.js";
import { uploadInPieces } from "./upload.js";

document.documentElement.dataset.script = "";
signRequests();
showRequestTroubles();
followSwaps();
copyOnClick();
countCharacters();
countDown();
openDialogs();
closeMenus();
keepFoldsOpen();
listenToKeys();
printOnClick();
chooseRows();
switchTheme();
uploadInPieces();
