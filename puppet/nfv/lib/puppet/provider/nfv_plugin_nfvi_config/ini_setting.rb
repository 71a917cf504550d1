# frozen_string_literal: true

Puppet::Type.type(:nfv_plugin_nfvi_config).provide(:ini_setting) do
  desc 'Edits /etc/nfv/nfv_plugins/nfvi_plugins/config.ini in place.'
  PuppetX::Nfv::IniSetting.define_provider(self, '/etc/nfv/nfv_plugins/nfvi_plugins/config.ini')
end
