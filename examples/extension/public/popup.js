document.querySelector('button').onclick = async () => {
  document.querySelector('output').textContent = await chrome.runtime.sendMessage(4096);
};
