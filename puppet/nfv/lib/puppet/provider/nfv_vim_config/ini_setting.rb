# frozen_string_literal: true

Puppet::Type.type(:nfv_vim_config).provide(:ini_setting) do
  desc 'Edits /etc/nfv/vim/config.ini in place.'
  PuppetX::Nfv::IniSetting.define_provider(self, '/etc/nfv/vim/config.ini')
end
