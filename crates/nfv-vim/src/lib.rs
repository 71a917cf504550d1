//! The Virtual Infrastructure Manager: deterministic core, runtime shell, nfv-vim and nfv-vim-manage.
