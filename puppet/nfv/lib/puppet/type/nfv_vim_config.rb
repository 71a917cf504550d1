# frozen_string_literal: true

require_relative '../../puppet_x/nfv/ini_setting'

Puppet::Type.newtype(:nfv_vim_config) do
  PuppetX::Nfv::IniSetting.define_type(self, '/etc/nfv/vim/config.ini')
end
