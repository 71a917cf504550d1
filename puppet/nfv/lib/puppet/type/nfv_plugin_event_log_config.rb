# frozen_string_literal: true

require_relative '../../puppet_x/nfv/ini_setting'

Puppet::Type.newtype(:nfv_plugin_event_log_config) do
  PuppetX::Nfv::IniSetting.define_type(self, '/etc/nfv/nfv_plugins/event_log_handlers/config.ini')
end
