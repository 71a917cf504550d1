# frozen_string_literal: true

require_relative '../../puppet_x/nfv/ini_setting'

Puppet::Type.newtype(:nfv_plugin_nfvi_config) do
  PuppetX::Nfv::IniSetting.define_type(self, '/etc/nfv/nfv_plugins/nfvi_plugins/config.ini')
end
