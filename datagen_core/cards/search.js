"use strict";
const box = document.querySelector("input");
const rows = [...document.querySelectorAll("tbody tr")];
const texts = rows.map((row) => row.textContent.toLowerCase());
const said = document.querySelector("output");
const search = () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  rows.forEach((row, place) => {
    row.hidden = !words.every((word) => texts[place].includes(word));
  });
  said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
};
box.parentElement.hidden = false;
box.addEventListener("input", search);
search();
